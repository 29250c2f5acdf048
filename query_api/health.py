"""Liveness and readiness probes."""

from typing import TypedDict

from litestar import Controller, get

from query_api.api.dependencies import AnyRequest
from query_api.http.problem_mapping import NotReady
from query_api.services import services_of


class Health(TypedDict):
    """Sign of life."""

    status: str


class HealthController(Controller):
    """`/-/health/…`"""

    path = "/-/health"
    tags = ("health",)

    @get("/live", operation_id="getLive")
    async def live(self) -> Health:
        """Return whether the process answers."""
        return {"status": "ok"}

    @get("/ready", operation_id="getReady")
    async def ready(self, request: AnyRequest) -> Health:
        """Return whether there are views of this version to serve; 503 until then, and while MongoDB is away."""
        services = services_of(request)
        await services.ping_store()
        if not services.reads.ready():
            raise NotReady
        return {"status": "ok"}
