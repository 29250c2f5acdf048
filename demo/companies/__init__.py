"""The businesses of the demo."""
