"""Location of one installation's log and views."""

from typing import NamedTuple

from projectors.kafka.client import KafkaConfig


class Installation(NamedTuple):
    """Addresses of one installation's log and views; nothing secret is in its repr."""

    kafka: KafkaConfig
    topic_prefix: str
    mongo_url: str
    database: str
    batch_events: int
    """Events of a transaction at most."""
    cache_url: str | None = None
    """Where copies of customers' files are kept, which erasure removes; None: there are none."""

    def __repr__(self) -> str:
        return f"Installation({self.topic_prefix!r} on {self.kafka.bootstrap}, {self.database!r})"
