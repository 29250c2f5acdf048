"""HTTP server of both services: granian."""

from typing import Final

from granian import Granian
from granian.constants import Interfaces, Loops

from portal.errors import CommandError

SHUTDOWN_TIMEOUT_S: Final = 10
"""Time that requests in flight get to finish after SIGTERM."""


def serve_app(factory: str, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C; `factory` is `module:function`. Raises CommandError when it cannot listen."""
    server = Granian(
        factory,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=SHUTDOWN_TIMEOUT_S,
        log_enabled=False,
    )
    try:
        server.serve()
    except OSError as error:
        raise CommandError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
