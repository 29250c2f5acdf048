"""The `portal promote` and `portal rollback` commands: switch the served generation."""

import getpass
import os
from typing import Literal

from portal.commands.error_mapping import map_errors
from portal.errors import CommandError, UsageError
from portal.settings import Settings
from projectors.operations.context import open_store
from projectors.operations.promotion import switch_generation
from read_models.store import NotCaughtUp, OperationRefused


async def switch(
    settings: Settings,
    what: Literal["promote", "rollback"],
    *,
    wait_s: float,
    force: bool,
    reason: str | None,
) -> str:
    """Switch the served generation and return a message that names it.

    Raises UsageError if only one of `force` and `reason` is given, CommandError if the switch is refused.
    """
    forced = reason.strip() if reason else None
    if force != bool(forced):
        raise UsageError("--force needs a --reason, which is kept, and a --reason is for --force alone")
    async with map_errors(), open_store(settings.installation) as store:
        try:
            pointer = await switch_generation(
                settings.installation, store, what, operator_identity(), wait_s, forced
            )
        except NotCaughtUp as error:
            raise CommandError(
                f"{error}\nnothing was switched; to switch all the same: --force --reason …"
            ) from error
        except OperationRefused as error:
            raise CommandError(str(error)) from error
    standby = f"; generation {pointer.standby} stands by" if pointer.standby is not None else ""
    return f"generation {pointer.served} is served{standby}"


def operator_identity() -> str:
    """Return the user who runs this command, as the audit records it."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have no name
        name = f"uid-{os.getuid()}"
    return f"cli:{name}"
