"""Fills a generation from the log beside what is served (docs/architecture.md, Decision 4)."""
