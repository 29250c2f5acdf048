"""The `portal serve` command: the customer surface, served by granian."""

import asyncio
import gc
import os
from typing import Final

import structlog
from litestar.types import ASGIApp

from portal import logs
from portal.async_runner import run
from portal.http_server import serve_app
from portal.proxy_headers import TrustedProxyMiddleware
from portal.query_api_config import disabled_features, query_api_config
from portal.settings import Settings
from query_api.app import create_app
from query_api.config import QueryApiConfig
from read_models.store import ReadModelStore, StoreUnavailable

logger = structlog.get_logger(__name__)

RETRY_INTERVAL_S: Final = 1.0


def serve(settings: Settings) -> None:
    """Serve until a signal; raise UsageError for invalid settings, CommandError if the service cannot start."""
    config = query_api_config(settings)
    for feature, missing in disabled_features(settings).items():
        logger.warning("a feature is off", feature=feature, missing=missing)
    if not run(_wait_for_store(config), endless=True):
        return
    logger.info("serving", address=f"{settings.host}:{settings.port}", public_url=settings.public_url)
    serve_app("portal.commands.serve:app", settings.host, settings.port)


def app() -> ASGIApp:
    """Create the application; granian calls this in its worker process."""
    logs.configure()
    # As in the projector: documents live long and never form reference cycles.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    settings = Settings.read(os.environ)
    surface: ASGIApp = create_app(query_api_config(settings))
    if settings.trusted_proxies:
        surface = TrustedProxyMiddleware(surface, settings.trusted_proxies)
    return surface


async def _wait_for_store(config: QueryApiConfig) -> None:
    """Return once MongoDB answers."""
    warned = False
    while True:
        try:
            store = await ReadModelStore.connect(config.mongo_url, config.mongo_database)
        except StoreUnavailable:
            if not warned:
                logger.warning("waiting", reason="MongoDB does not answer")
            warned = True
            await asyncio.sleep(RETRY_INTERVAL_S)
        else:
            await store.close()
            return
