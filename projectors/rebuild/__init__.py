"""Fills a generation from the log beside what is served (DESIGN.md, decision 4)."""
