"""How the room's collections are opened, and what their indexes have in common."""

from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import IndexModel

OVER = IndexModel([("gone_at", 1)], expireAfterSeconds=0, name="over")
"""MongoDB removes what is over, within a minute or so: whoever reads still looks at the time."""


def of(database: AsyncIOMotorDatabase, name: str) -> AsyncIOMotorCollection:
    """A collection whose datetimes come back with their zone."""
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
    return database.get_collection(name, codec_options=options)
