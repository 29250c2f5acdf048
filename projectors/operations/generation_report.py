"""The generations as staff and operators see them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from read_models.store import ReadModelStore


@dataclass(frozen=True)
class GenerationReport:
    """One generation (API.md, GET /api/generations)."""

    generation: int
    version: int
    """Of the read models."""
    state: str
    """`filling`, `level`, `served`, `standby` or `retired`."""
    created_at: datetime
    level_at: datetime | None
    """When it was filled."""
    promoted_at: datetime | None
    """When it was served last."""
    retired_at: datetime | None
    by: str | None
    """Who had it served last."""
    forced: str | None
    """Why that was forced, if it was."""
    truncated: str | None
    """Why it was made although the log did not begin at offset 0, if it was."""
    documents: int | None
    """None of what is retired, whose data is gone."""
    bytes: int | None
    """On disk, indexes included."""

    def as_json(self) -> dict[str, Any]:
        """Return an item of the body of `GET /api/generations`."""
        return asdict(self)


async def overview(store: ReadModelStore) -> dict[str, Any]:
    """Return the body of `GET /api/generations`; raises StoreUnavailable.

    `served`, `standby`, `level` and `filling` are numbers of generations of this version, None where there is none;
    `items` are all there ever were.
    """
    found = await generations(store)
    by_state = {one.state: one.generation for one in reversed(found) if one.version == store.version}
    named = {state: by_state.get(state) for state in ("served", "standby", "level", "filling")}
    return {**named, "items": [one.as_json() for one in found]}


async def generations(store: ReadModelStore) -> list[GenerationReport]:
    """Return all there ever were, the newest first; raises StoreUnavailable."""
    found = []
    for record in await store.generations.records():
        there = record["state"] != "retired"
        documents, size = await store.generations.size(record["_id"]) if there else (None, None)
        last = record.get("switches", [{}])[-1]
        found.append(
            GenerationReport(
                generation=record["_id"],
                version=record["version"],
                state=record["state"],
                created_at=record["created_at"],
                level_at=record.get("level_at"),
                promoted_at=record.get("promoted_at"),
                retired_at=record.get("retired_at"),
                by=last.get("by"),
                forced=last.get("forced"),
                truncated=record.get("truncated", {}).get("reason"),
                documents=documents,
                bytes=size,
            )
        )
    return found
