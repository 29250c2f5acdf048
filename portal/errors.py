"""Errors that end a command, with their exit statuses (docs/contracts/api.md, Command line)."""


class CommandError(Exception):
    """The operation failed; the message says what to do. Exit status 1."""

    status = 1


class UsageError(CommandError):
    """Invalid arguments, or a setting that is missing or invalid. Exit status 2."""

    status = 2
