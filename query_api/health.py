"""Liveness and readiness probes."""

from typing import TypedDict

from litestar import Controller, get
from litestar.datastructures import State

from query_api.http.problem_mapping import NotReady


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
    async def ready(self, state: State) -> Health:
        """Return whether there are views of this version to serve; 503 until then, and while MongoDB is away."""
        await state.store.ping()
        if not state.reads.ready():
            raise NotReady
        return {"status": "ok"}
