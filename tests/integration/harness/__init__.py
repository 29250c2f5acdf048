"""Harnesses that several integration tests share."""
