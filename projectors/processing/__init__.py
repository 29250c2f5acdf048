"""Processing of records: batches, the projector that applies them, positions and metrics."""
