"""Logs as a reader may meet them: interleaved, with repeats, in either mode, under other names.

See docs/contracts/events.md.

Order is kept per topic and key; everything else may lie in any order.
"""

from collections import defaultdict
from collections.abc import Iterable
from random import Random
from typing import Literal

from events.envelope import Event, Record, decode, encode
from events.topics import Topics
from tests.support.random_events import Json, Log

Mode = Literal["structured", "binary"]
TOPICS = Topics("servicehub.", 12)


def stream(event: Json) -> tuple[str, str]:
    """What an event is in order with: those of the same topic and key."""
    return topic(event, TOPICS), event["partitionkey"]


def topic(event: Json, topics: Topics) -> str:
    """Where an event goes; those of entities that are not known yet go with the visits."""
    try:
        return topics.of_type(event["type"])
    except ValueError:
        return topics.name("visits")


def repeated(log: Log, random: Random, share: float) -> Log:
    """Some events a second time: at once, or anywhere later."""
    positions = [(float(place), event) for place, event in enumerate(log)]
    for place, event in enumerate(log):
        if random.random() < share:
            after = 0.5 if random.random() < 0.5 else random.random() * (len(log) - place) + 0.5
            positions.append((place + after, event))
    return [event for _, event in sorted(positions, key=lambda pair: pair[0])]


def interleaved(log: Log, random: Random) -> Log:
    """Another legal order: streams mixed evenly, or one stream after the other."""
    streams: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for event in log:
        streams[stream(event)].append(event)
    order = [stream(event) for event in log]
    if random.random() < 0.5:
        random.shuffle(order)
    else:
        names = list(streams)
        random.shuffle(names)
        order.sort(key=names.index)
    following = {name: iter(events) for name, events in streams.items()}
    return [next(following[name]) for name in order]


def renamed(log: Log, suffix: str) -> Log:
    """The same log of other people: ids and slugs of businesses and addresses of customers get a suffix."""
    return [_renamed(event, suffix) for event in log]


def renamed_address(email: str, suffix: str) -> str:
    """An e-mail address as it is in a renamed log."""
    name, _, domain = email.partition("@")
    return f"{name}{suffix}@{domain}"


def _renamed(event: Json, suffix: str) -> Json:
    name = event["businessid"]
    key = name + suffix + event["partitionkey"].removeprefix(name)
    subject = name + suffix if event["subject"] == name else event["subject"]
    other = event | {"businessid": name + suffix, "partitionkey": key, "subject": subject}
    data = event.get("data") or {}
    if "slug" in data:
        other["data"] = data | {"slug": data["slug"] + suffix}
    if "emails" in data:
        other["data"] = data | {"emails": [renamed_address(email, suffix) for email in data["emails"]]}
    return other


def written(event: Json, mode: Mode) -> tuple[bytes, bytes | None, list[tuple[str, bytes]]]:
    """An event's key, value and headers."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    return encode(attributes, event.get("data"), mode)


def decoded(log: Iterable[Json], mode: Mode = "structured") -> list[Event]:
    """The events as a worker reads them."""
    events = []
    for event in log:
        key, value, headers = written(event, mode)
        record = Record(topic(event, TOPICS), TOPICS.partition(key), 0, 0, key, value, headers)
        events.append(decode(record, TOPICS))
    return events
