"""Runs one of the two HTTP services, on granian."""

from typing import Final

from granian import Granian
from granian.constants import Interfaces, Loops

from portal.errors import CommandError

KILL_AFTER_S: Final = 10
"""How long requests under way have once the service is told to stop."""


def serve_app(factory: str, host: str, port: int) -> None:
    """Serve until told to stop; `factory` is `module:function`. Raises CommandError when it cannot listen."""
    server = Granian(
        factory,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_S,
        log_enabled=False,
    )
    try:
        server.serve()
    except OSError as error:
        raise CommandError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
