import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from demo import live_events
from demo.event_log import Message, format_timestamp
from demo.history import build_history
from demo.media_folder import MediaFolder
from events.registry import EVENT_TYPES
from tests.support.in_memory_store import InMemoryStore
from tests.unit.demo.conftest import NOW, DecodedEvent, decode_messages

Subject = tuple[str, str, str]


def media_objects_in(data: Any) -> Iterator[dict[str, Any]]:
    """Yield every media object within an event's data."""
    if isinstance(data, dict):
        if "sha256" in data:
            yield data
        for value in data.values():
            yield from media_objects_in(value)
    elif isinstance(data, list):
        for item in data:
            yield from media_objects_in(item)


def sequences_by_subject(log: list[DecodedEvent]) -> dict[Subject, list[int]]:
    sequences = defaultdict(list)
    for _, event in log:
        sequences[event.business, event.kind, event.subject].append(event.sequence)
    return sequences


def test_history_has_every_event_type_but_the_end_of_a_business(log: list[DecodedEvent]) -> None:
    assert len(log) > 20_000
    assert set(EVENT_TYPES) - {event.type for _, event in log} == {"servicehub.business.closed.v1"}


def test_history_uses_both_content_modes(messages: list[Message]) -> None:
    assert {message.mode for message in messages} == {"structured", "binary"}


def test_sequences_of_every_subject_count_from_one_without_gaps(log: list[DecodedEvent]) -> None:
    sequences = sequences_by_subject(log)

    assert sequences
    for subject, numbers in sequences.items():
        assert numbers == list(range(1, len(numbers) + 1)), subject


def test_event_ids_are_unique_within_a_source(log: list[DecodedEvent]) -> None:
    assert len({(event.source, event.id) for _, event in log}) == len(log)


def test_events_of_a_customer_are_in_order_of_time_per_topic(log: list[DecodedEvent]) -> None:
    times = defaultdict(list)
    for topic, event in log:
        times[topic, event.business, event.customer].append(event.time)

    assert times
    for owner, owner_times in times.items():
        assert all(earlier <= later for earlier, later in pairwise(owner_times)), owner


def test_history_holds_no_event_of_the_future(log: list[DecodedEvent]) -> None:
    assert max(event.time for _, event in log) <= format_timestamp(NOW)


def test_only_the_first_event_of_a_subject_creates_it(log: list[DecodedEvent]) -> None:
    creating_facts = {"registered", "booked", "uploaded", "issued", "started", "signed"}
    assert any(event.fact in creating_facts for _, event in log)

    for _, event in log:
        creates = event.fact in creating_facts and (event.kind, event.fact) != ("visit", "started")
        if creates or event.kind not in ("payment", "proof_pack"):
            assert creates == (event.sequence == 1), event.id


def test_referenced_entities_belong_to_the_same_customer(log: list[DecodedEvent]) -> None:
    subjects, references = set(), set()
    for _, event in log:
        subjects.add((event.business, event.customer, event.subject))
        for field in ("visit_id", "invoice_id", "contract_id", "subscription_id"):
            if reference := getattr(event.data, field, None):
                references.add((event.business, event.customer, reference))

    assert references
    assert references - subjects == set()


def test_every_referenced_file_has_the_size_and_hash_in_the_event(
    messages: list[Message], media: MediaFolder
) -> None:
    files = {
        (message.attributes["businessid"], media_object["key"], media_object["bytes"], media_object["sha256"])
        for message in messages
        for media_object in media_objects_in(message.data)
    }

    assert files
    for business, key, size, sha256 in files:
        content = (media.folder / business / key).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256)


def test_photos_of_a_customer_show_one_yard_before_and_after(messages: list[Message]) -> None:
    keys: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for message in messages:
        stage = message.data.get("stage")
        if stage and message.data["media"]["key"].startswith(("photos/pool-", "photos/garden-")):
            owner = (message.attributes["businessid"], message.attributes["customerid"])
            keys[owner][stage].add(message.data["media"]["key"])

    assert keys
    for stages in keys.values():
        (before,), (after,) = stages["before"], stages["after"]
        assert before.replace("-before", "-after") == after


@pytest.mark.parametrize("days", [0, 36, 97])
def test_dashboard_of_the_featured_customer_has_content_in_every_section(
    media: MediaFolder, days: int
) -> None:
    now = NOW + timedelta(days=days)
    state = build_history(media, now)
    featured = state.customers[0]
    store = InMemoryStore()
    partition_keys = (f"{featured.company.id}/{featured.id}", featured.company.id)
    messages = [
        message
        for message in state.log.take_until(now)
        if message.attributes["partitionkey"] in partition_keys
    ]
    store.apply(event for _, event in decode_messages(messages))
    today = now.astimezone(featured.company.timezone).date().isoformat()

    dashboard = store.dashboard(featured.company.id, featured.id, format_timestamp(now), today)

    assert dashboard is not None
    assert dashboard["upcoming_count"] >= 3
    assert dashboard["awaiting_count"] == 1
    assert any(visit["has_proof"] for visit in dashboard["recent_visits"][:3])
    titles = [contract["title"] for contract in dashboard["contracts"]]
    assert titles == ["Year-round pool care", "Equipment care"]
    assert {invoice["overdue"] for invoice in dashboard["open_invoices"]} == {True, False}
    assert any(invoice["amount_due"] != invoice["total"] for invoice in dashboard["open_invoices"])
    assert [subscription["status"] for subscription in dashboard["subscriptions"]] == ["active"]


def test_exactly_one_email_address_has_two_customers(log: list[DecodedEvent]) -> None:
    customers = defaultdict(set)
    for _, event in log:
        for email in getattr(event.data, "emails", None) or ():
            customers[event.business, email].add(event.customer)

    assert sorted(len(sharing) for sharing in customers.values() if len(sharing) > 1) == [2]


def test_customers_have_the_locale_of_their_business(log: list[DecodedEvent]) -> None:
    locales: dict[str, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for _, event in log:
        if event.fact == "registered":
            locales[event.business][event.kind].add(getattr(event.data, "locale", None))

    assert locales
    for locales_by_kind in locales.values():
        assert locales_by_kind["customer"] == locales_by_kind["business"] != {None}


def test_history_is_the_same_for_the_same_time(media: MediaFolder, messages: list[Message]) -> None:
    assert list(build_history(media, NOW).log.take_until(NOW)) == messages


def test_live_events_continue_the_sequences_of_the_history(media: MediaFolder) -> None:
    state = build_history(media, NOW)
    past = list(state.log.take_until(NOW))
    scenarios, now, live_messages = live_events.iterate_scenarios(state), NOW, list[Message]()

    for _ in range(30):
        next(scenarios)(now)
        now += live_events.SCENARIO_INTERVAL
        live_messages += state.log.take_until(now)
    live_messages += state.log.take_until(now + timedelta(minutes=2))

    lines = list(live_events.describe_events(state, live_messages))
    assert f"{state.customers[0].name}: the technician is on the way" in lines
    sequences = sequences_by_subject(decode_messages([*past, *live_messages]))
    assert sequences
    for subject, numbers in sequences.items():
        assert numbers == list(range(1, len(numbers) + 1)), subject
    begin = format_timestamp(NOW - timedelta(seconds=1))
    assert all(message.attributes["time"] > begin for message in live_messages)


def test_timestamp_is_formatted_in_utc_with_milliseconds() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)

    assert format_timestamp(time) == "2026-01-02T03:04:05.678Z"
