"""Processes of the product and of the local stack, for tests."""
