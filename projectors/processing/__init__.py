"""From records to transactions: batches, the projector that applies them, positions and metrics."""
