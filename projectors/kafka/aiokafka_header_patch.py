"""Header names that are not UTF-8. The broker takes them; aiokafka's reader ends with a UnicodeDecodeError at such a
record, again at every attempt, and with it every lane of the worker. Here they are read with `\\xff` for what is not
text, so that the record gets where all malformed ones get.

Both Faust and aiokafka read through `aiokafka.consumer.fetcher`; importing this module mends it there.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH: Final = struct.Struct(">i")
LENGTH_AT: Final = 8
HEAD: Final = 12
"""Bytes of a batch before what its length counts."""


class _LenientHeaderName(bytes):
    """A header's name that always decodes."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes.decode(self, encoding, "backslashreplace")


class _LenientBuffer(bytearray):
    """Gives names where a reader takes a piece of it to decode."""

    def __getitem__(self, at: Any) -> Any:
        piece = super().__getitem__(at)
        return _LenientHeaderName(piece) if isinstance(at, slice) else piece


class LenientRecordBatch:
    """A batch of records, read by the fast reader as far as that gets, and from there by the patient one."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            patient = _DefaultRecordBatchPy(self._content)
            patient._maybe_uncompress()  # noqa: SLF001
            patient._buffer = _LenientBuffer(patient._buffer)  # noqa: SLF001
            yield from list(patient)[read:]


class LenientMemoryRecords:
    """The batches of a fetched stretch of a partition, as aiokafka's `MemoryRecords` has them."""

    def __init__(self, content: bytes) -> None:
        self._records = MemoryRecords(content)
        self._content = memoryview(content)
        self._at = 0

    def size_in_bytes(self) -> int:
        """Return the size of all records."""
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        """Return whether there is another whole batch."""
        return bool(self._records.has_next())

    def next_batch(self) -> LenientRecordBatch:
        """Return the next one."""
        (length,) = LENGTH.unpack_from(self._content, self._at + LENGTH_AT)
        begin, self._at = self._at, self._at + HEAD + length
        return LenientRecordBatch(self._records.next_batch(), self._content[begin : self._at])


fetcher.MemoryRecords = LenientMemoryRecords
