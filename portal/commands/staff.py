"""The `portal staff` command: the staff surface, served by granian."""

import os
import sys

import structlog
from litestar.types import ASGIApp

from portal import logs
from portal.errors import UsageError
from portal.http_server import serve_app
from portal.proxy_headers import TrustedProxyMiddleware
from portal.settings import HINTS, Settings
from projectors.staff.app import create_app
from projectors.staff.config import StaffConfig
from projectors.staff.operators import Operators

logger = structlog.get_logger(__name__)


def staff(settings: Settings) -> None:
    """Serve until a signal; raise UsageError for invalid settings, CommandError if the service cannot start.

    Starts even if Kafka or MongoDB is unavailable, because the surface reports that.
    """
    staff_config(settings)
    logger.info("serving", address=f"{settings.host}:{settings.staff_port}")
    serve_app("portal.commands.staff:app", settings.host, settings.staff_port)


def app() -> ASGIApp:
    """Create the application; granian calls this in its worker process."""
    logs.configure()
    settings = Settings.read(os.environ)
    return TrustedProxyMiddleware(create_app(staff_config(settings)), settings.trusted_proxies)


def staff_config(settings: Settings) -> StaffConfig:
    """Return the configuration of the staff surface; raises UsageError."""
    try:
        operators = Operators.read(settings.required("staff_token"))
    except ValueError as error:
        raise UsageError(f"PORTAL_STAFF_TOKEN: {error}; {HINTS['PORTAL_STAFF_TOKEN']}") from None
    rebuild = (sys.executable, "-c", "from portal.cli import main; main()", "rebuild", "--json")
    return StaffConfig(settings.installation, operators, settings.production, rebuild)
