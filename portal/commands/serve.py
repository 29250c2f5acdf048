"""`portal serve`: the customer surface, on granian."""

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

AGAIN_S: Final = 1.0


def serve(settings: Settings) -> None:
    """Serve until told to stop; raise UsageError for a setting, CommandError when the service cannot start."""
    config = query_api_config(settings)
    for feature, missing in disabled_features(settings).items():
        logger.warning("a feature is off", feature=feature, missing=missing)
    if not run(_answering(config), endless=True):
        return
    logger.info("serving", address=f"{settings.host}:{settings.port}", public_url=settings.public_url)
    serve_app("portal.commands.serve:app", settings.host, settings.port)


def app() -> ASGIApp:
    """Return the application, for the process that granian starts."""
    logs.configure()
    # As in the worker: documents are kept and none is in a cycle.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    settings = Settings.read(os.environ)
    surface: ASGIApp = create_app(query_api_config(settings))
    if settings.trusted_proxies:
        surface = TrustedProxyMiddleware(surface, settings.trusted_proxies)
    return surface


async def _answering(config: QueryApiConfig) -> None:
    """Return when MongoDB answers."""
    said = False
    while True:
        try:
            store = await ReadModelStore.connect(config.mongo_url, config.mongo_database)
        except StoreUnavailable:
            if not said:
                logger.warning("waiting", reason="MongoDB does not answer")
            said = True
            await asyncio.sleep(AGAIN_S)
        else:
            await store.close()
            return
