"""The `portal project` command: a supervised worker process."""

import secrets
import sys

from portal.errors import CommandError
from portal.settings import Settings
from projectors.supervisor import PermanentFailure, supervise


async def project(settings: Settings) -> None:
    """Keep one worker running until a signal; raise CommandError if restarting it does not help."""
    _ = settings.installation
    # All workers of this process share one instance id, so that the group gives each its predecessor's lanes.
    instance = f"portal-{secrets.token_hex(6)}"
    try:
        await supervise([sys.executable, "-m", "portal.worker_process", instance])
    except PermanentFailure as error:
        raise CommandError("the worker stopped for good; its last message says why") from error
