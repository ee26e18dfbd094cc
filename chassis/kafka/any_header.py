"""Records whose headers have names that are no UTF-8: any producer may write one, the broker takes it, and
both client libraries raise on it for ever, before a reader of ours sees the record.

`accept` puts `AnyRecords` where their consumers read a fetch. A batch is decoded by the library as before; only
where that fails are the bytes of such names replaced, and the batch is decoded once more.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from aiokafka.consumer import fetcher as aiokafka_fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from kafka.consumer import fetcher as kafka_fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint

_FAILURES: Final = (ValueError, IndexError, CorruptRecordException, CorruptRecordError)
_LENGTH_AT: Final = 8
_HEAD: Final = 12
_ATTRIBUTES: Final = 1


class AnyBatch:
    """A batch of the library; `plain` decodes the same bytes in Python, in a buffer that can be changed."""

    def __init__(self, batch: Any, plain: Callable[[], Any]) -> None:
        self._batch = batch
        self._plain = plain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        done = 0
        try:
            for record in self._batch:
                yield record
                done += 1
        except _FAILURES:
            batch = self._plain()
            batch._maybe_uncompress()
            _replace_names(batch._buffer, batch._pos, batch._num_records)
            yield from islice(batch, done, None)


class AnyRecords:
    """The batches of one fetch. `records`: the library's class; `plain`: its batch in Python."""

    def __init__(self, records: Callable[[bytes], Any], plain: Callable[[bytes], Any], data: bytes) -> None:  # fmt: skip
        self._records = records(data)
        self._make = plain
        self._data = data
        self._start = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> Any:
        """The next one; None after the last."""
        batch = self._records.next_batch()
        if batch is None:
            return None
        start = self._start
        (length,) = struct.unpack_from(">i", self._data, start + _LENGTH_AT)
        self._start = end = start + _HEAD + length
        return AnyBatch(batch, lambda: self._make(self._data[start:end]))


def _replace_names(buffer: bytearray, at: int, records: int) -> None:
    """Make each header's name ASCII, of the same length, so that the records stay where they are."""
    for _ in range(records):
        length, at = decode_varint(buffer, at)
        end = at + length
        at += _ATTRIBUTES
        for _time_or_offset in range(2):
            _, at = decode_varint(buffer, at)
        for _key_or_value in range(2):
            size, at = decode_varint(buffer, at)
            at += max(size, 0)
        headers, at = decode_varint(buffer, at)
        for _header in range(headers):
            size, at = decode_varint(buffer, at)
            name = bytes(buffer[at : at + size])
            buffer[at : at + size] = name.decode("ascii", "replace").replace("\ufffd", "?").encode()
            at += size
            size, at = decode_varint(buffer, at)
            at += max(size, 0)
        at = end


def accept() -> None:
    """Have each consumer that this process opens read such records. Again: no effect."""
    for fetcher, plain in (
        (aiokafka_fetcher, _DefaultRecordBatchPy),
        (kafka_fetcher, DefaultRecordBatch),
    ):
        place: Any = fetcher
        if not isinstance(place.MemoryRecords, _Reading):
            place.MemoryRecords = _Reading(place.MemoryRecords, plain)


class _Reading:
    """What stands for a library's `MemoryRecords`."""

    def __init__(self, records: Callable[[bytes], Any], plain: Callable[[bytes], Any]) -> None:
        self._records = records
        self._plain = plain

    def __call__(self, data: bytes) -> AnyRecords:
        return AnyRecords(self._records, self._plain, data)
