"""What goes wrong with calendar feeds; told as problems (`query_api.http.problem_mapping`)."""


class CalendarFeedsDisabled(Exception):
    """There are no keys to make addresses with: `PORTAL_SECRET_KEY` is not set."""
