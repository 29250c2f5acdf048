import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from demo import live_events
from demo.event_log import Message, stamp
from demo.history import build
from demo.media_folder import MediaFolder
from events.registry import EVENT_TYPES
from tests.support.in_memory_store import InMemoryStore
from tests.unit.demo.conftest import NOW, Read, read


def media_of(data: Any) -> Iterator[dict[str, Any]]:
    """Every media object within an event's data."""
    if isinstance(data, dict):
        if "sha256" in data:
            yield data
        for held in data.values():
            yield from media_of(held)
    elif isinstance(data, list):
        for held in data:
            yield from media_of(held)


def test_the_whole_log_keeps_the_contract(log: list[Read], messages: list[Message]) -> None:
    """Every event can be read, in both modes, and every type occurs but for the end of a business."""
    assert len(log) > 20_000
    assert set(EVENT_TYPES) - {event.type for _, event in log} == {"servicehub.business.closed.v1"}
    assert {message.mode for message in messages} == {"structured", "binary"}


def test_sequences_have_no_gaps_and_ids_are_unique(log: list[Read]) -> None:
    """Per business, kind and subject sequences count 1, 2, 3 …, and no id occurs twice."""
    sequences = defaultdict(list)
    for _, event in log:
        sequences[event.business, event.kind, event.subject].append(event.sequence)
    assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())
    assert len({(event.source, event.id) for _, event in log}) == len(log)


def test_a_topics_events_of_a_customer_are_in_order_and_past(log: list[Read]) -> None:
    """Per topic and customer times never go back, and nothing is told before it happens."""
    times = defaultdict(list)
    for topic, event in log:
        times[topic, event.business, event.customer].append(event.time)
    assert all(one <= next_ for found in times.values() for one, next_ in pairwise(found))
    assert max(found[-1] for found in times.values()) <= stamp(NOW)


def test_first_facts_come_first_and_once(log: list[Read]) -> None:
    """What begins a subject's life is the first of its events and does not occur again."""
    first = {"registered", "booked", "uploaded", "issued", "started", "signed"}
    assert any(event.fact in first for _, event in log)
    for _, event in log:
        begins = event.fact in first and (event.kind, event.fact) != ("visit", "started")
        if begins or event.kind not in ("payment", "proof_pack"):
            assert begins == (event.sequence == 1), event.id


def test_what_events_refer_to_is_there(log: list[Read]) -> None:
    """Visits, invoices, contracts and subscriptions that are named belong to the same customer."""
    known, named = set(), set()
    for _, event in log:
        known.add((event.business, event.customer, event.subject))
        for field in ("visit_id", "invoice_id", "contract_id", "subscription_id"):
            if reference := getattr(event.data, field, None):
                named.add((event.business, event.customer, reference))
    assert named <= known


def test_every_file_that_is_named_lies_in_the_media_store(
    messages: list[Message], library: MediaFolder
) -> None:
    """Files have the size and the hash that events tell of them, whatever the business."""
    files = {
        (message.attributes["businessid"], *media.values())
        for message in messages
        for media in media_of(message.data)
    }
    assert files
    for business, key, _content_type, size, sha256, *_ in files:
        content = (library.folder / business / key).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256)


@pytest.mark.parametrize("days", [0, 36, 97])
def test_the_page_to_look_at_has_something_of_everything(library: MediaFolder, days: int) -> None:
    """Whenever it is shown, the one to sign in as has visits, two contracts and invoices in several states."""
    now = NOW + timedelta(days=days)
    world = build(library, now)
    hero = world.customers[0]
    store = InMemoryStore()
    seen = (f"{hero.company.id}/{hero.id}", hero.company.id)
    theirs = (one for one in world.log.take(now) if one.attributes["partitionkey"] in seen)
    store.apply(event for _, event in read(theirs))
    today = now.astimezone(hero.company.timezone).date().isoformat()
    page = store.dashboard(hero.company.id, hero.id, stamp(now), today)
    assert page is not None
    assert page["upcoming_count"] >= 3
    assert page["awaiting_count"] == 1
    assert any(visit["has_proof"] for visit in page["recent_visits"][:3])
    assert [contract["title"] for contract in page["contracts"]] == ["Year-round pool care", "Equipment care"]
    assert {invoice["overdue"] for invoice in page["open_invoices"]} == {True, False}
    assert any(one["amount_due"] != one["total"] for one in page["open_invoices"])
    assert [one["status"] for one in page["subscriptions"]] == ["active"]


def test_two_customers_share_an_address(log: list[Read]) -> None:
    """Exactly one e-mail address of a business has two customers."""
    owners = defaultdict(set)
    for _, event in log:
        for email in getattr(event.data, "emails", None) or ():
            owners[event.business, email].add(event.customer)
    assert sorted(len(found) for found in owners.values() if len(found) > 1) == [2]


def test_customers_are_told_in_the_language_of_their_business(log: list[Read]) -> None:
    """Whatever the browser asks for that the demo is looked at with."""
    registered: dict[str, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for _, event in log:
        if event.fact == "registered":
            registered[event.business][event.kind].add(getattr(event.data, "locale", None))
    assert registered
    for of in registered.values():
        assert of["customer"] == of["business"] != {None}


def test_what_goes_on_later_goes_on_from_there(library: MediaFolder, messages: list[Message]) -> None:
    """The same moment gives the same past, and live stories keep the contract: their sequences follow on."""
    world = build(library, NOW)
    assert list(world.log.take(NOW)) == messages
    stories, now, later = live_events.stories(world), NOW, list[Message]()
    for _ in range(30):
        next(stories)(now)
        now += live_events.EVERY
        later += world.log.take(now)
    later += world.log.take(now + timedelta(minutes=2))
    lines = list(live_events.told(world, later))
    assert f"{world.customers[0].name}: the technician is on the way" in lines
    sequences = defaultdict(list)
    for _, event in read([*messages, *later]):
        sequences[event.business, event.kind, event.subject].append(event.sequence)
    assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())
    assert all(later_.attributes["time"] > stamp(NOW - timedelta(seconds=1)) for later_ in later)


def test_a_timestamp_is_written_in_utc() -> None:
    """Moments are written with milliseconds and a Z."""
    assert stamp(datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)) == "2026-01-02T03:04:05.678Z"
