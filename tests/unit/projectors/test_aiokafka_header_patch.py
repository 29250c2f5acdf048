"""A header whose name is no text does not stop the reading of what is around it."""

import struct

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

import projectors.kafka.log_reader  # noqa: F401 -- as every worker does


def batch(base: int, *, bad: bool) -> bytes:
    """Three records, the middle one with a header whose name may be no UTF-8."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=100_000,
    )
    for number in range(3):
        headers = [("abc", b"x")] if number == 1 else []
        builder.append(number, timestamp=5, key=b"k", value=b"v%d" % number, headers=headers)
    content = bytearray(builder.build())
    content[0:8] = struct.pack(">q", base)
    if bad:
        at = content.index(b"abc")
        content[at : at + 3] = b"\xff\xfeA"
    content[17:21] = struct.pack(">I", calc_crc32c(memoryview(bytes(content[21:]))))
    return bytes(content)


@pytest.mark.parametrize("bad", [False, True])
def test_every_record_of_every_batch_is_read_once_and_names_that_are_no_text_are_spelled_out(
    bad: bool,
) -> None:
    content = batch(0, bad=False) + batch(3, bad=bad) + batch(6, bad=False)
    records = fetcher.MemoryRecords(content + b"\0\0\0")
    found = []
    while records.has_next():
        following = records.next_batch()
        assert following.validate_crc()
        found += [(record.offset, record.value, list(record.headers)) for record in following]
    name = "\\xff\\xfeA" if bad else "abc"
    assert [offset for offset, _, _ in found] == list(range(9))
    assert [value for _, value, _ in found] == [b"v0", b"v1", b"v2"] * 3
    assert found[4][2] == [(name, b"x")]
