"""Errors that the person at the keyboard can fix."""


class StackError(Exception):
    """The stack, or a part of it, cannot run; the text says why and what to do."""
