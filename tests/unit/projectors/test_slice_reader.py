"""A slice of a lane is read in bounded memory, and nobody's records are in two."""

from typing import Any, NamedTuple

import pytest

from projectors.rebuild import slice_reader
from projectors.rebuild.slice_reader import _SliceCollector, slice_count
from read_models.store import KeySlice


class Read(NamedTuple):
    """What aiokafka reads."""

    key: bytes
    offset: int
    value: bytes = b"x" * 500
    topic: str = "visits"
    partition: int = 0
    timestamp: int = 0
    headers: Any = ()


LOG = [Read(f"biz/cus_{n % 40}".encode(), n) for n in range(400)]


def found(part: KeySlice) -> _SliceCollector:
    """What is found of a slice up to offset 390, read in batches."""
    one = _SliceCollector(part, 1)
    for begin in range(0, len(LOG), 50):
        one.add(LOG[begin : begin + 50], 0, 390)
    return one


def test_slices_together_are_all_records_and_each_is_in_one() -> None:
    offsets = [
        record.offset
        for number in range(3)
        for [records] in found(KeySlice(3, number)).owners().records.values()
        for record in records
    ]
    assert sorted(offsets) == list(range(390))


def test_a_slice_that_memory_does_not_hold_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_reader, "SLICE_BYTES", 100_000)
    left, offsets, parts = [KeySlice(1, 0)], [], 0
    while left:
        owners = found(left.pop(0)).owners()
        left = [*owners.rest, *left]
        parts += 1
        here = [record.offset for [records] in owners.records.values() for record in records]
        assert len(here) * 1000 <= 100_000
        offsets += here
    assert sorted(offsets) == list(range(390))
    assert parts > 3


def test_one_owner_cannot_be_parted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_reader, "SLICE_BYTES", 10)
    one = _SliceCollector(KeySlice(1, 0), 1)
    one.add([Read(b"biz/cus", n) for n in range(100)], 0, 100)
    assert [len(records) for [records] in one.owners().records.values()] == [100]


@pytest.mark.parametrize(("records", "slices"), [(0, 1), (40_000, 1), (40_001, 2), (1_000_000, 25)])
def test_a_lane_is_cut_by_how_much_it_holds(records: int, slices: int) -> None:
    assert slice_count(records) == slices
