"""What `/metrics` says of processes."""

from datetime import UTC, datetime, timedelta
from typing import cast

from projectors.lag import compare
from projectors.staff.alerts import HEARTBEAT_TIMEOUT
from projectors.staff.metrics import exposition
from projectors.staff.service import Overview, StaffService
from read_models.store.operational import ProcessStatus

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Seen:
    """A desk that knows processes of one lane each, by when they were heard of last."""

    def __init__(self, **seen_at: datetime) -> None:
        self.processes = [
            ProcessStatus(id_, "project", "host", 1, 1, NOW, at, {"3": NOW}, ())
            for id_, at in seen_at.items()
        ]

    def clock(self) -> datetime:
        return NOW

    async def overview(self) -> Overview:
        lag = compare("", None, None, NOW)
        return Overview(lag, None, None, self.processes, None, None, None, None)


async def test_a_process_that_is_silent_holds_no_lane_and_is_still_told_of() -> None:
    """Somebody else may hold it by now."""
    desk = Seen(running=NOW - HEARTBEAT_TIMEOUT, killed=NOW - HEARTBEAT_TIMEOUT - timedelta(seconds=1))
    text = (await exposition(cast("StaffService", desk))).decode()
    held = [line for line in text.splitlines() if line.startswith("portal_lane_held{")]
    assert held == ['portal_lane_held{lane="3",process="running"} 1.0']
    assert text.count("portal_process_last_beat_timestamp_seconds{") == 2
