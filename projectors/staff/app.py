"""Application of the staff surface."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from litestar import Litestar, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from projectors.concurrency import cancel_and_wait
from projectors.lag import LagMeter
from projectors.staff.authentication import authenticate
from projectors.staff.config import StaffConfig
from projectors.staff.errors import answer
from projectors.staff.lag_monitor import LagMonitor
from projectors.staff.operators import FailedAttempts
from projectors.staff.pages import ROUTES as PAGES
from projectors.staff.routes import ROUTES as API
from projectors.staff.service import StaffService
from projectors.staff.services import StaffServices
from projectors.staff.sessions import StaffSessionService
from projectors.staff.templating import STAFF
from read_models.clock import utc_now
from read_models.store import ReadModelStore, retry_until_available
from web.assets import ROUTES as ASSETS
from web.assets import static_route
from web.pipeline import ResponsePipeline
from web.request import SafeRequest
from web.request_limits import check_request_size
from web.security_headers import SecurityHeaders

MAX_BODY_BYTES = 16 * 1024
"""Forms and JSON of the staff surface are short."""


@get("/-/health/live", include_in_schema=False)
async def live() -> dict[str, str]:
    """Return whether the process answers."""
    return {"status": "ok"}


def create_app(config: StaffConfig, clock: Callable[[], datetime] = utc_now) -> Litestar:
    """Return the application; its lifespan measures the lag, and ends a rebuild that was started here.

    Its state is a `StaffState`.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        installation = config.installation
        store = ReadModelStore(installation.mongo_url, installation.database)
        meter = LagMeter(installation, store, clock)
        service = StaffService(config, store, LagMonitor(meter, installation.topic_prefix, clock), clock)
        app.state.services = StaffServices(
            staff=service,
            operators=config.operators,
            sessions=StaffSessionService(service.records.staff_sessions, config.operators, clock),
            failed_attempts=FailedAttempts(service.records.limits, clock),
        )
        tasks = [
            asyncio.create_task(service.watch.run()),
            # The service starts even if MongoDB is unavailable, and reports that.
            asyncio.create_task(retry_until_available(service.records.prepare)),
        ]
        try:
            yield
        finally:
            await cancel_and_wait(*tasks)
            await service.rebuild_process.stop()
            await meter.close()
            await store.close()

    app = Litestar(
        route_handlers=[live, *ASSETS, static_route(STAFF), *API, *PAGES],
        lifespan=[lifespan],
        request_class=SafeRequest,
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Customer portal: staff surface",
            version="1",
            path="/api/openapi",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
    )
    # Wrap the router and bypass Litestar's error responses: 404 and 405 require authentication, too.
    secured = SecurityHeaders(https=config.https, further={"Cache-Control": "no-store"})
    app.asgi_handler = ResponsePipeline(
        app.asgi_router, answer, checks=(check_request_size, authenticate), steps=(secured,)
    )
    return app
