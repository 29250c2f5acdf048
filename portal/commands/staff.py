"""`portal staff`: the staff surface, on granian."""

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
    """Serve until told to stop; raise UsageError for a setting, CommandError when the service cannot start.

    It starts whatever is away: to say so is what it is for.
    """
    config_of(settings)
    logger.info("serving", address=f"{settings.host}:{settings.staff_port}")
    serve_app("portal.commands.staff:app", settings.host, settings.staff_port)


def app() -> ASGIApp:
    """Return the application, for the process that granian starts."""
    logs.configure()
    settings = Settings.read(os.environ)
    return TrustedProxyMiddleware(create_app(config_of(settings)), settings.trusted_proxies)


def config_of(settings: Settings) -> StaffConfig:
    """Return what the staff surface is told; raises UsageError."""
    try:
        operators = Operators.read(settings.required("staff_token"))
    except ValueError as error:
        raise UsageError(f"PORTAL_STAFF_TOKEN: {error}; {HINTS['PORTAL_STAFF_TOKEN']}") from None
    rebuild = (sys.executable, "-c", "from portal.cli import main; main()", "rebuild", "--json")
    return StaffConfig(settings.installation, operators, settings.production, rebuild)
