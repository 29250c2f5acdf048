"""Implementations of the commands; `portal.cli` declares their arguments."""
