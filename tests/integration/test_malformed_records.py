"""Malformed records among good ones: all of them quarantined with a reason, every good one applied."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from pymongo import AsyncMongoClient

from events.topics import MAX_MESSAGE_BYTES, Topics
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import SAMPLE, expected, four_lanes, lag, level, stored
from tests.support.log_permutations import topic, written
from tests.support.random_events import Json, Log

LOG: Log = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
ERASED = {event["partitionkey"] for event in LOG if event["type"] == "servicehub.customer.erased.v1"}
MALFORMED = 1000
KEPT_WHOLE_BYTES = 1024 * 1024
KEPT_OF_LARGER_BYTES = 64 * 1024


class Sent(NamedTuple):
    """A record on its way."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Maker:
    """Makes records of one installation, malformed in each of the ways, of events that are well-formed."""

    def __init__(self, topics: Topics, random: Random) -> None:
        self._topics = topics
        self._random = random

    def good(self, event: Json) -> Sent:
        return self._sent(event)

    def not_json(self, event: Json) -> Sent:
        good = self._sent(event)
        return good._replace(value=(good.value or b"")[:-1])

    def no_id(self, event: Json) -> Sent:
        return self._either({name: value for name, value in event.items() if name != "id"})

    def wrong_types(self, event: Json) -> Sent:
        wrong = self._random.choice(
            ({"data": [1]}, {"data": "text"}, {"sequence": "first"}, {"time": "noon"})
        )
        return self._either(event | wrong)

    def unknown_major_version(self, event: Json) -> Sent:
        return self._either(event | {"type": event["type"][:-2] + "v9"})

    def empty_value(self, event: Json) -> Sent:
        return self._sent(event)._replace(value=self._random.choice((b"", None)))

    def wrong_key(self, event: Json) -> Sent:
        key = self._random.choice((None, b"", b"nobody", b"biz_s0/cus_else", b"\xff\xfe"))
        return self._sent(event)._replace(key=key)

    def wrong_topic(self, event: Json) -> Sent:
        good = self._sent(event)
        return good._replace(
            topic=self._random.choice([name for name in self._topics.names if name != good.topic])
        )

    def integer_of_30_digits(self, event: Json) -> Sent:
        return self._of_credit(event, '{"credit_note_id": "cn", "amount": ' + "1" * 30 + "}")

    def lone_surrogate(self, event: Json) -> Sent:
        return self._of_credit(event, '{"credit_note_id": "cn", "amount": 1, "reason": "\\ud800"}')

    def two_megabytes(self, event: Json) -> Sent:
        return self._either(event | {"data": {"padding": "x" * 2_000_000}})

    def _sent(self, event: Json, mode: Any = "structured") -> Sent:
        key, value, headers = written(event, mode)
        return Sent(topic(event, self._topics), self._topics.partition(key), key, value, headers)

    def _either(self, event: Json) -> Sent:
        return self._sent(event, self._random.choice(("structured", "binary")))

    def _of_credit(self, event: Json, data: str) -> Sent:
        credit = event | {"type": "servicehub.invoice.credited.v1", "subject": "inv_x", "data": "here"}
        sent = self._sent(credit)
        return sent._replace(value=json.dumps(credit).replace('"here"', data).encode())


WAYS: Mapping[Callable[[Maker, Json], Sent], int] = {
    Maker.two_megabytes: 10,
    **dict.fromkeys(
        (
            Maker.not_json,
            Maker.no_id,
            Maker.wrong_types,
            Maker.unknown_major_version,
            Maker.empty_value,
            Maker.wrong_key,
            Maker.wrong_topic,
            Maker.integer_of_30_digits,
            Maker.lone_surrogate,
        ),
        110,
    ),
}


async def test_they_stop_nobody_and_none_is_lost(installation: Installations) -> None:
    """Each is kept whole, or where it is larger than a record may be, its beginning, size and hash."""
    one = await four_lanes(installation)
    random = Random(6)
    maker = Maker(Topics(one.env["PORTAL_TOPIC_PREFIX"], 4), random)
    of_customers = [event for event in LOG if "customerid" in event and event["partitionkey"] not in ERASED]
    bad = [way(maker, random.choice(of_customers)) for way, times in WAYS.items() for _ in range(times)]
    assert len(bad) == MALFORMED
    project = one.start("project")
    quarantined = await publish_among(one, [maker.good(event) for event in LOG], bad, random)
    await level(one, len(LOG) + MALFORMED)
    found = await lag(one)
    assert (found.dead_letters, found.waiting) == (MALFORMED, 0)
    assert await quarantine(one) == {place: kept(sent) for place, sent in quarantined.items()}
    assert await stored(one) == expected([orjson.dumps(event) for event in LOG])
    assert await project.stop() == 0


async def publish_among(
    one: Installation, good: list[Sent], bad: list[Sent], random: Random
) -> dict[tuple[str, int, int], Sent]:
    """Publishes the good ones in their order and the others anywhere; gives the places of these."""
    positions = [(float(place), sent, False) for place, sent in enumerate(good)]
    positions += [(random.uniform(0, len(good)), sent, True) for sent in bad]
    producer = AIOKafkaProducer(
        bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"],
        max_request_size=MAX_MESSAGE_BYTES,
        enable_idempotence=True,
    )
    await producer.start()
    try:
        sending = [
            (
                await producer.send(sent.topic, sent.value, sent.key, sent.partition, headers=sent.headers),
                sent,
                is_bad,
            )
            for _, sent, is_bad in sorted(positions, key=lambda one: one[0])
        ]
        await asyncio.gather(*(future for future, _, _ in sending))
    finally:
        await producer.stop()
    prefix = one.env["PORTAL_TOPIC_PREFIX"]
    places = {}
    for future, sent, is_bad in sending:
        written_at = future.result()
        if is_bad:
            places[sent.topic.removeprefix(prefix), sent.partition, written_at.offset] = sent
    return places


def kept(sent: Sent) -> Json:
    """What the quarantine holds of a record."""
    value = sent.value or b""
    whole = len(value) <= KEPT_WHOLE_BYTES
    return {
        "key": sent.key,
        "headers": [list(header) for header in sent.headers],
        "value": sent.value if whole else value[:KEPT_OF_LARGER_BYTES],
        "size": len(value),
        "sha256": None if sent.value is None else hashlib.sha256(value).hexdigest(),
    }


async def quarantine(one: Installation) -> dict[tuple[str, int, int], Json]:
    """What is in quarantine, by its place; every one has a reason."""
    async with AsyncMongoClient[Json](one.env["PORTAL_MONGO_URL"]) as client:
        letters = await client[one.env["PORTAL_MONGO_DATABASE"]]["quarantine"].find().to_list(None)
    assert all(letter["reason"] for letter in letters)
    names = ("key", "headers", "value", "size", "sha256")
    return {
        (letter["topic"], letter["lane"], letter["offset"]): {name: letter[name] for name in names}
        for letter in letters
    }
