"""Ten years of weekly visits cost an event no more than the first ones did (docs/architecture.md, Decision 3)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
import pytest

from bench.sample_log import Json, begin, business, week
from events.envelope import Event
from read_models.documents import Doc
from read_models.indexed_lists import ListQuery
from tests.support.event_builder import EventBuilder
from tests.support.in_memory_store import InMemoryStore
from tests.support.log_permutations import decoded

BEGIN = datetime(2016, 1, 4, 16, tzinfo=UTC)
TEN_YEARS = 520
SLA = {"on_time_grace_minutes": 60}


class Cost(NamedTuple):
    """Of one event: documents loaded by id, read in ranges, written, and the bytes of these."""

    what: str
    loaded: int
    read: int
    written: int
    size: int


class Metered(InMemoryStore):
    """Keeps no documents between events, and counts what each asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def range(self, wanted: ListQuery) -> list[Doc]:
        found = super().range(wanted)
        self.read += len(found)
        return found

    def cost(self, event: Event) -> Cost:
        self.read = 0
        changes = self.apply_batch([event])
        size = sum(len(orjson.dumps(document)) for document in changes.save.values())
        return Cost(f"{event.kind}.{event.fact}", len(self.cache), self.read, len(changes.save), size)


def costs(store: Metered, number: int) -> Sequence[Cost]:
    return [store.cost(event) for event in decoded(week("biz_1", "cus_1", number, BEGIN))]


@pytest.fixture(scope="module")
def measured() -> dict[int, Sequence[Cost]]:
    """The costs of a week's events, by the number of the week."""
    store = Metered()
    store.apply(decoded([business("biz_1", BEGIN), *begin("biz_1", "cus_1", BEGIN)]))
    measured = {number: costs(store, number) for number in range(TEN_YEARS)}
    measured[-1] = [Cost("largest", 0, 0, 1, max(len(orjson.dumps(one)) for one in store.docs.values()))]
    return measured


def test_an_event_touches_as_many_documents_after_ten_years_as_in_the_first_week(
    measured: dict[int, Sequence[Cost]],
) -> None:
    first, last = measured[0], measured[TEN_YEARS - 1]
    assert [cost[:4] for cost in first] == [cost[:4] for cost in last]


def test_the_bytes_it_writes_stop_growing_when_the_short_lists_are_full(
    measured: dict[int, Sequence[Cost]],
) -> None:
    """They hold 10 visits and 12 months at most; what grows later is the digits of the counts."""
    full, last = measured[60], measured[TEN_YEARS - 1]
    assert full
    for then, now in zip(full, last, strict=True):
        assert now.size <= 1.02 * then.size, now.what


def test_no_document_grows_with_the_history(measured: dict[int, Sequence[Cost]]) -> None:
    assert measured[-1][0].size < 10_000


def test_a_new_grace_reads_months_instead_of_visits() -> None:
    """Ten years of visits are 121 months, and the amended contract is one document, its customer's another."""
    store = Metered()
    log: list[Json] = [business("biz_1", BEGIN), *begin("biz_1", "cus_1", BEGIN)]
    for number in range(TEN_YEARS):
        log += week("biz_1", "cus_1", number, BEGIN)
    store.apply(decoded(log), 100)
    months = sum(document["kind"] == "month" for document in store.docs.values())
    told = EventBuilder("biz_1", "cus_1").event("contract.amended", "con_cus_1", sequence=2, sla=SLA)
    cost = store.cost(told.events[0])
    assert (cost.read, cost.written) == (months, 2)
