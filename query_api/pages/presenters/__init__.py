"""Presenters: pure functions from JSON shapes to what a page shows."""
