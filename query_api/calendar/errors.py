"""Errors of calendar feeds; `query_api.http.problem_mapping` turns them into problems."""


class CalendarFeedsDisabled(Exception):
    """There are no keys to make addresses with: `PORTAL_SECRET_KEY` is not set."""
