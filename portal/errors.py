"""Errors that end a command, with their exit statuses (API.md, "Command line")."""


class CommandError(Exception):
    """The operation failed; the text says what to do. Exit status 1."""

    status = 1


class UsageError(CommandError):
    """The command was called wrongly, or a setting is missing or unusable. Exit status 2."""

    status = 2
