"""Appointments in people's own calendars: as a file each, and as a feed that calendars subscribe to.

See docs/contracts/api.md, Calendar.
"""
