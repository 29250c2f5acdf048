"""Signing in by mailed code or link, and the sessions that come of it; routes and pages call `service`."""
