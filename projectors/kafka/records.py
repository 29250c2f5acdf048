"""Conversion of aiokafka records to `Record`, and the order in which they are applied."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import attrgetter, itemgetter

from aiokafka.structs import ConsumerRecord

from events.envelope import Record

_timestamp = attrgetter("timestamp")


def record_of(read: ConsumerRecord[bytes, bytes]) -> Record:
    """Return what aiokafka read, as our record."""
    return Record(read.topic, read.partition, read.offset, read.timestamp, read.key, read.value, read.headers)


def oldest_first(partitions: Iterable[Sequence[Record]]) -> list[Record]:
    """Return the records of some partitions by Kafka's time, each partition's in their order.

    Any other order between partitions gives the same documents. In this one events that were published together are
    applied together: the documents that they share are written once, no half of a story waits for the other, and a
    rebuild counts nearly what live workers do.
    """
    dated: list[tuple[int, Record]] = []
    for records in partitions:
        dated += zip(accumulate(map(_timestamp, records), max), records, strict=True)
    dated.sort(key=itemgetter(0))
    return [record for _, record in dated]
