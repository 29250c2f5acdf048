"""Any legal order of a log, in any batches, gives the same documents, and these are what joins over it give."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from read_models.documents import ACTIVITY_LIMIT, activity_sort_key
from tests.support.in_memory_store import InMemoryStore
from tests.support.log_permutations import decoded, interleaved, repeated
from tests.support.oracle import Facts, activity, portal
from tests.support.random_events import NOW, Log
from tests.support.random_logs import histories, history

AROUND = [timedelta(), timedelta(hours=-7), timedelta(hours=4), timedelta(days=-100), timedelta(days=30)]
BUSINESS = "biz_1"

patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
randoms = st.randoms(use_true_random=False)
batches = st.sampled_from((1, 2, 7, None))


def documents(store: InMemoryStore) -> dict[str, bytes]:
    """Each document as bytes, its fields in the order of their names."""
    return {_id: orjson.dumps(doc, option=orjson.OPT_SORT_KEYS) for _id, doc in store.docs.items()}


def projected(log: Log, batch: int | None, *, cached: bool = False) -> InMemoryStore:
    store = InMemoryStore(cached=cached)
    store.apply(decoded(log), batch)
    return store


def assert_dashboards(store: InMemoryStore, log: Log, moments: Sequence[timedelta]) -> None:
    for owner in {event["customerid"] for event in log if "customerid" in event}:
        for away in moments:
            facts = Facts(log, BUSINESS, owner, NOW + away)
            assert portal(facts) == store.dashboard(BUSINESS, owner, facts.now, facts.today)


def assert_activity(store: InMemoryStore, log: Log) -> None:
    for owner in {event["customerid"] for event in log if "customerid" in event}:
        own = [document for document in store.docs.values() if document.get("customer") == owner]
        logged = [document for document in own if document.get("touched")]
        latest = sorted(logged, key=lambda document: str(document["touched"]))[-ACTIVITY_LIMIT:]
        entries = [(entry, document["shown"]) for document in latest for entry in document["log"]]
        entries.sort(key=lambda one: activity_sort_key(one[0]), reverse=True)
        shown = [entry for entry, is_shown in entries[:ACTIVITY_LIMIT] if is_shown]
        names = ("at", "what", "id")
        expected = activity(Facts(log, BUSINESS, owner, NOW))
        assert expected == [{name: entry[name] for name in names} for entry in shown]


def counted(log: Log, batch: int | None) -> dict[str, Counter[str]]:
    """What the folds of a log count, by the key of the records."""
    store, events = InMemoryStore(), decoded(log)
    counts: dict[str, Counter[str]] = {}
    size = batch or len(events)
    for start in range(0, len(events), size):
        for key, found in store.apply_batch(events[start : start + size]).counts.items():
            counts.setdefault(key, Counter()).update(found)
    return counts


@patient
@given(log=histories(), random=randoms, batch=batches, cached=st.booleans())
def test_any_legal_interleaving_in_any_batches_gives_the_same_documents(
    log: Log, random: Random, batch: int | None, cached: bool
) -> None:
    other = interleaved(repeated(log, random, 0.2), random)
    assert documents(projected(log, None)) == documents(projected(other, batch, cached=cached))


@patient
@given(log=histories(), random=randoms, batch=batches)
def test_a_redelivered_event_changes_not_one_byte(log: Log, random: Random, batch: int | None) -> None:
    store = projected(log, batch)
    before = {_id: orjson.dumps(document) for _id, document in store.docs.items()}
    store.apply(decoded([random.choice(log) for _ in range(10)]), batch)
    assert before == {_id: orjson.dumps(document) for _id, document in store.docs.items()}


@patient
@given(log=histories(), random=randoms, batch=batches)
def test_a_dashboard_is_what_joins_over_all_events_give(log: Log, random: Random, batch: int | None) -> None:
    assert_dashboards(projected(interleaved(log, random), batch), log, AROUND)


@patient
@given(log=histories(), random=randoms, batch=batches)
def test_what_is_lost_or_unknown_is_counted_alike_in_any_order(
    log: Log, random: Random, batch: int | None
) -> None:
    """Of customers that are not erased: of these, what comes later is not looked at."""
    erased = {event["partitionkey"] for event in log if event["type"] == "servicehub.customer.erased.v1"}
    living = [event for event in log if event["partitionkey"] not in erased]
    assert counted(living, None) == counted(interleaved(living, random), batch)


@patient
@given(log=histories(), random=randoms, batch=batches)
def test_the_latest_events_lie_in_the_documents_touched_last(
    log: Log, random: Random, batch: int | None
) -> None:
    assert_activity(projected(interleaved(log, random), batch), log)


@pytest.mark.parametrize("seed", range(12))
def test_so_it_is_where_the_short_lists_overflow(seed: int) -> None:
    """Customers with more of everything than their dashboards hold; batches that take from lists and add to them."""
    random = Random(seed)
    log = history(random, customers=1, size=60)
    other = interleaved(repeated(log, random, 0.1), random)
    store = projected(other, random.choice((3, 20, 400)), cached=random.random() < 0.5)
    assert documents(projected(log, None)) == documents(store)
    assert_dashboards(store, log, AROUND[:2])
    assert_activity(store, log)


def test_a_mode_of_writing_changes_nothing() -> None:
    log = history(Random(1), size=6)
    assert decoded(log, "structured") == decoded(log, "binary")
