"""Progress of rebuilds, as `portal rebuild` and `GET /api/rebuilds` report it (docs/contracts/api.md)."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from read_models.store import FillProgress, ReadModelStore

State = Literal["filling", "following", "done", "failed", "stopped", "dropped"]

SILENT: Final = timedelta(seconds=15)
"""A rebuild of which nothing was heard for so long has no process any more: the next `portal rebuild` goes on."""
RATE_OVER_S: Final = 20.0


@dataclass(frozen=True)
class RebuildStatus:
    """One rebuild, running or past."""

    generation: int
    state: State
    records_done: int
    records_total: int
    events_per_second: float | None
    """Over the last seconds; of one that is over, over all of it."""
    eta_seconds: float | None
    """Until everything is filled, None where it cannot be told."""
    started_at: datetime
    finished_at: datetime | None
    by: str | None
    error: str | None
    """Why it failed."""

    def as_json(self) -> dict[str, Any]:
        """Return an item of the body of `GET /api/rebuilds`."""
        return asdict(self)


async def rebuilds(store: ReadModelStore, now: datetime) -> list[RebuildStatus]:
    """Return all rebuilds, the newest first; raises StoreUnavailable."""
    return [
        await _rebuild(store, record, now)
        for record in await store.generations.records()
        if "rebuild" in record
    ]


async def _rebuild(store: ReadModelStore, record: Mapping[str, Any], now: datetime) -> RebuildStatus:
    noted = record["rebuild"]
    progress = FillProgress(noted.get("done", 0), noted["total"], 0)
    if record["state"] == "filling":
        progress = await store.filling(record["_id"]).progress()
    state = _state(record, progress, now)
    rate = noted.get("rate")
    left = progress.total - progress.done
    return RebuildStatus(
        generation=record["_id"],
        state=state,
        records_done=progress.done,
        records_total=progress.total,
        events_per_second=rate,
        eta_seconds=round(left / rate, 1) if rate and state == "filling" else None,
        started_at=noted["started_at"],
        finished_at=noted.get("finished_at"),
        by=noted.get("by"),
        error=noted.get("error"),
    )


def _state(record: Mapping[str, Any], progress: FillProgress, now: datetime) -> State:
    noted = record["rebuild"]
    if noted.get("finished_at") or record["state"] in ("level", "served", "standby"):
        return "done"
    if record["state"] == "retired":
        return "dropped"
    if noted.get("error"):
        return "failed"
    if now - noted["heard_at"] > SILENT:
        return "stopped"
    return "filling" if progress.lanes_left else "following"


class RateMeter:
    """Records a second over the last `RATE_OVER_S`."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, done: int) -> float | None:
        """Return the rate with a count that was just seen; None for the first one."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        (begun, first), elapsed = self._seen[0], now - self._seen[0][0]
        return round((done - first) / elapsed, 1) if elapsed and now != begun else None
