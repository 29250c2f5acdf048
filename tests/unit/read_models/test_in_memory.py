"""Documents made from nothing in memory are those that the store keeps, whatever the order and the batches."""

from typing import Any

import pytest
from hypothesis import given

from events.envelope import Event
from read_models.in_memory import InMemoryProjection, owner_of_document
from tests.support.log_permutations import decoded
from tests.support.random_events import Log
from tests.support.random_logs import histories
from tests.unit.read_models.test_fold_order import batches, patient, projected


def made(events: list[Event], batch: int | None) -> InMemoryProjection:
    fresh, size = InMemoryProjection(), batch or max(len(events), 1)
    for start in range(0, len(events), size):
        fresh.apply(events[start : start + size])
    return fresh


@patient
@given(histories(), batches)
def test_they_are_those_of_the_store(log: Log, batch: int | None) -> None:
    """Folded topic by topic, as who reads a log from its beginning folds."""
    events = sorted(decoded(log), key=lambda event: "proof" if event.kind == "proof_pack" else event.kind)
    fresh, expected = made(events, batch), projected(log, None).docs
    assert expected == {
        _id: document for owner in fresh.owners for _id, document in fresh.documents_of(owner).items()
    }
    assert all(owner_of_document(_id) == owner for owner in fresh.owners for _id in fresh.documents_of(owner))


@patient
@given(histories())
def test_what_raises_has_changed_nothing(log: Log) -> None:
    events = decoded(log)
    fresh = made(events, 7)
    expected = projected(log, None).docs
    booked: dict[str, Any] = {
        "kind": "visit",
        "fact": "booked",
        "customer": "cus_new",
        "data": "no data at all",
    }
    broken = events[0]._replace(**booked)
    with pytest.raises(AttributeError):
        fresh.apply([*events[:3], broken])
    assert expected == {
        _id: document for owner in fresh.owners for _id, document in fresh.documents_of(owner).items()
    }
