"""Reports of generations for operators and the staff surface."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from read_models.store import ReadModelStore


@dataclass(frozen=True)
class GenerationReport:
    """One generation (docs/contracts/api.md, Staff surface)."""

    generation: int
    version: int
    """Version of the read models."""
    state: str
    """`filling`, `level`, `served`, `standby` or `retired`."""
    created_at: datetime
    level_at: datetime | None
    """Time at which it was filled."""
    promoted_at: datetime | None
    """Time at which it was last promoted."""
    retired_at: datetime | None
    by: str | None
    """Operator who last switched to it."""
    forced: str | None
    """Reason, if that switch was forced."""
    truncated: str | None
    """Reason, if it was filled from a log that did not begin at offset 0."""
    documents: int | None
    """Number of documents; None for a retired generation, whose data is deleted."""
    bytes: int | None
    """Size on disk including indexes."""

    def as_json(self) -> dict[str, Any]:
        """Return an item of the body of `GET /api/generations`."""
        return asdict(self)


async def overview(store: ReadModelStore) -> dict[str, Any]:
    """Return the body of `GET /api/generations`; raises StoreUnavailable.

    `served`, `standby`, `level` and `filling` are generation numbers of this version or None; `items` has every
    generation that ever existed.
    """
    reports = await generations(store)
    by_state = {one.state: one.generation for one in reversed(reports) if one.version == store.version}
    numbers = {state: by_state.get(state) for state in ("served", "standby", "level", "filling")}
    return {**numbers, "items": [one.as_json() for one in reports]}


async def generations(store: ReadModelStore) -> list[GenerationReport]:
    """Return every generation that ever existed, newest first; raises StoreUnavailable."""
    reports = []
    for record in await store.generations.records():
        has_data = record["state"] != "retired"
        documents, size = await store.generations.size(record["_id"]) if has_data else (None, None)
        last = record.get("switches", [{}])[-1]
        reports.append(
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
    return reports
