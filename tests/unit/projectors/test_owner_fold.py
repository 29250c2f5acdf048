"""All records of one owner, folded from nothing, as a rebuild does it."""

from typing import Any

import bson
import orjson
import pytest

from events.envelope import Record
from projectors.rebuild.owner_fold import OwnerFold, fold_owner
from read_models.documents import Doc
from read_models.projection import fold_complete_history
from read_models.store import LogPosition
from tests.integration.projector.harness import SAMPLE, TOPICS, documents_of, expected_documents

KEYS = sorted({record.key for record in SAMPLE if record.key})
ERASED = next(d["_id"].encode() for d in expected_documents().values() if d.get("erased"))
LIVELY = b"biz_s0/cus_0"


def records(key: bytes) -> list[Record]:
    """A customer's records, the topics one after the other."""
    return [r for name in TOPICS.names for r in SAMPLE if (r.key, r.topic) == (key, name)]


def documents(owned: OwnerFold) -> dict[str, Doc]:
    """Its documents by id."""
    return {document["_id"]: document for document in map(bson.decode, owned.documents)}


def raising(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Has the fold raise for every event of a type."""
    real = fold_complete_history

    def spoilt(events: Any) -> Any:
        every = list(events)
        if any(f"{event.kind}.{event.fact}" == what for event in every):
            raise ArithmeticError("ada@mail.test")
        return real(every)

    monkeypatch.setattr("projectors.rebuild.owner_fold.fold_complete_history", spoilt)


@pytest.mark.parametrize("key", KEYS, ids=bytes.decode)
def test_it_gives_the_documents_of_the_owner_and_no_others(key: bytes) -> None:
    owned = fold_owner(key, records(key), TOPICS, ())
    expected = (
        documents_of(key.decode(), expected_documents())
        if b"/" in key
        else {key.decode(): expected_documents()[key.decode()]}
    )
    assert documents(owned) == expected
    assert (owned.letters, owned.held, owned.records) == ([], [], len(records(key)))


def test_what_cannot_be_read_is_a_dead_letter_and_the_rest_goes_on() -> None:
    bad = records(LIVELY)[3]._replace(value=b"{", offset=10_000)
    owned = fold_owner(LIVELY, [*records(LIVELY), bad], TOPICS, ())
    assert [letter.record for letter in owned.letters] == [bad]
    assert documents(owned) == documents_of(LIVELY.decode(), expected_documents())


def test_of_an_erased_customer_no_dead_letter_is_kept_and_later_ones_are_counted() -> None:
    bad = records(ERASED)[0]._replace(value=b"{", offset=10_000)
    owned = fold_owner(ERASED, [bad, *records(ERASED), bad], TOPICS, ())
    without = fold_owner(ERASED, records(ERASED), TOPICS, ())
    assert owned.letters == []
    assert owned.counts["erased"] == without.counts["erased"] + 1


def test_a_discarded_place_is_passed_by() -> None:
    [first, *others] = records(LIVELY)
    place = LogPosition(TOPICS.unprefixed_by_name[first.topic], first.partition, first.offset)
    assert documents(fold_owner(LIVELY, [first, *others], TOPICS, {place})) == documents(
        fold_owner(LIVELY, others, TOPICS, ())
    )


def test_an_event_that_cannot_be_applied_holds_its_owner_and_the_rest_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = records(LIVELY)
    place = next(n for n, r in enumerate(every) if _type(r) == "servicehub.invoice.issued")
    before = documents(fold_owner(LIVELY, every[:place], TOPICS, ()))
    raising(monkeypatch, "invoice.issued")
    owned = fold_owner(LIVELY, every, TOPICS, ())
    assert documents(owned) == before
    assert [one.record for one in owned.held] == every[place:]
    assert owned.held[0].reason
    assert owned.held[0].reason.startswith("ArithmeticError in spoilt")
    assert {one.reason for one in owned.held[1:]} == {None}


def test_an_erasure_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    every = sorted(records(ERASED), key=lambda record: record.topic.endswith("customers"))
    raising(monkeypatch, "visit.booked")
    [tombstone] = documents(fold_owner(ERASED, every, TOPICS, ())).values()
    assert tombstone["erased"]
    assert fold_owner(ERASED, every, TOPICS, ()).held == []


def test_documents_that_the_database_refuses_wait_all() -> None:
    owned = fold_owner(LIVELY, records(LIVELY), TOPICS, (), "WriteError 15")
    assert (owned.documents, owned.held[0].reason) == ((), "WriteError 15")
    assert [one.record for one in owned.held] == records(LIVELY)


def test_a_document_larger_than_the_database_takes_holds_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("read_models.store.views.LARGEST_BYTES", 2_000)
    owned = fold_owner(LIVELY, records(LIVELY), TOPICS, ())
    assert owned.held[0].reason == "DocumentTooLarge"
    assert all(len(document) <= 2_000 for document in owned.documents)


def _type(record: Record) -> str:
    return str(orjson.loads(record.value or b"{}")["type"]).rpartition(".")[0]
