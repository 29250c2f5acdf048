"""Baselines of the dashboard: FastAPI with Motor's `find_one`, and a constant body.

`python -m bench.http_baselines plain|constant PORT`, with the settings of an installation in the environment, serves
by one process of the server that `portal serve` runs on. `plain` answers `/{business}/{customer}` with the customer's
document as it is, to anybody; `constant` answers everything with BENCH_BYTES bytes.
"""

import os
import sys
from typing import Any

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces, Loops
from litestar import Litestar, Response, get
from litestar.enums import MediaType
from motor.motor_asyncio import AsyncIOMotorClient

RIVALS = ("plain", "constant")


def plain() -> FastAPI:
    """FastAPI and Motor, as their tutorials put them together."""
    app = FastAPI()
    client: Any = AsyncIOMotorClient(os.environ["PORTAL_MONGO_URL"])
    views = client[os.environ["PORTAL_MONGO_DATABASE"]]["views_1"]

    @app.get("/{business}/{customer}")
    async def customer(business: str, customer: str) -> Any:
        return await views.find_one({"_id": f"{business}/{customer}"})

    return app


def constant() -> Litestar:
    """Litestar with nothing to do."""
    body = b"x" * int(os.environ["BENCH_BYTES"])

    @get("/{business:str}/{customer:str}", media_type=MediaType.JSON)
    async def same() -> Response[bytes]:
        return Response(body, media_type=MediaType.JSON)

    return Litestar([same], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    kind, port = sys.argv[1], int(sys.argv[2])
    Granian(
        f"bench.http_baselines:{kind}",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.uvloop,
        websockets=False,
        log_enabled=False,
    ).serve()
