"""How a command ends other than well (API.md, "Command line": exit status)."""


class CommandError(Exception):
    """The operation failed; the text says what to do. Exit status 1."""

    status = 1


class UsageError(CommandError):
    """The command was called wrongly, or a setting is missing or unusable. Exit status 2."""

    status = 2
