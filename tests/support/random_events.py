"""What a business of ServiceHub publishes, by chance: sequences, ids, moments and what may be absent.

See docs/contracts/events.md.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]
Log = list[Json]

NOW = datetime(2026, 3, 8, 20, tzinfo=UTC)
"""The day on which clocks change in much of America; logs lie around it."""
ZONES = ("America/New_York", "Europe/Berlin", "Pacific/Auckland", "Asia/Kolkata", "America/Phoenix")
CURRENCIES = {"usd": 2, "jpy": 0, "kwd": 3}
SOURCES = ("/servicehub/office", "/servicehub/dispatch")
MEDIA = {"key": "a/b.jpg", "content_type": "image/jpeg", "bytes": 5, "sha256": "0" * 64}


class Absent:
    """In place of a field that is not in the data."""


class RandomEventSource:
    """What one business publishes: keeps sequences, ids and the time."""

    def __init__(self, random: Random, business: str, prefix: str = "e") -> None:
        self.random = random
        self.business = business
        self.log: Log = []
        self._prefix = prefix
        self._sequences: dict[tuple[str, str], int] = {}

    def say(
        self, what: str, subject: str, data: Json | None = None, *, by: str | None = None, version: int = 1
    ) -> None:
        """Publishes an event of customer `by`, or of the business."""
        kind = what.split(".")[0]
        number = self._sequences[kind, subject] = self._sequences.get((kind, subject), 0) + 1
        event: Json = {
            "specversion": "1.0",
            "id": f"{self._prefix}{len(self.log)}",
            "source": self.random.choice(SOURCES),
            "type": f"servicehub.{what}.v{version}",
            "subject": subject,
            "time": self.moment(-400, 0),
            "businessid": self.business,
            "partitionkey": f"{self.business}/{by}" if by else self.business,
            "sequence": str(number),
            "sequencetype": "Integer",
        }
        if by:
            event["customerid"] = by
        if data is not None:
            event["data"] = {name: value for name, value in data.items() if value is not Absent}
        self.log.append(event)

    def loses_it(self) -> bool:
        """Whether the event published last, rarely, never reaches the log."""
        lost = self.rarely()
        if lost:
            self.log.pop()
        return lost

    def rarely(self) -> bool:
        return self.random.randrange(8) == 7

    def often(self) -> bool:
        return self.random.randrange(3) < 2

    def maybe(self, value: Any) -> Any:
        """The value, `null`, or not there at all."""
        return self.random.choice((value, value, None, Absent))

    def moment(self, first_day: int, last_day: int) -> str:
        """A timestamp some days from `NOW`, on the quarter of an hour, in one of the ways it may be written."""
        at = NOW + timedelta(minutes=15 * self.random.randrange(first_day * 96, last_day * 96 + 1))
        return self.written(at)

    def written(self, at: datetime) -> str:
        pattern = self.random.choice(
            ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S+00:00")
        )
        return at.strftime(pattern)

    def day(self, first: int, last: int) -> str:
        return (NOW + timedelta(days=self.random.randrange(first, last + 1))).date().isoformat()

    def window(self) -> Json:
        """Often near `NOW`, where it is decided what is upcoming, or at the turn of a month; or it ends too soon."""
        start = NOW + self.random.choice(
            (
                timedelta(hours=self.random.randrange(-6, 7)),
                timedelta(days=self.random.randrange(-420, 60)),
                timedelta(hours=-8 * 24 + self.random.randrange(-14, 24)),
            )
        )
        long = timedelta(hours=self.random.choice((2, 2, 2, 2, 2, 2, 2, -2)))
        return {"start": self.written(start), "end": self.written(start + long)}
