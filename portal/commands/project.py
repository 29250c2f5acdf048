"""`portal project`: a worker, watched."""

import secrets
import sys

from portal.errors import CommandError
from portal.settings import Settings
from projectors.supervisor import PermanentFailure, supervise


async def project(settings: Settings) -> None:
    """Keep one worker running until told to stop; raise CommandError when starting it anew does not help."""
    _ = settings.installation
    # The same for all workers that this process starts: the group gives each the lanes of the one before.
    instance = f"portal-{secrets.token_hex(6)}"
    try:
        await supervise([sys.executable, "-m", "portal.worker_process", instance])
    except PermanentFailure as error:
        raise CommandError("the worker stopped for good; its last message says why") from error
