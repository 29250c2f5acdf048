"""What tests are made of: logs, an in-memory store, a second way of working out what is right."""
