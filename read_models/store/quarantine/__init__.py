"""Dead letters, holds and discards: events that could not be applied."""
