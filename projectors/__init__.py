"""Projectors: events to documents, and the operators' commands and staff surface."""
