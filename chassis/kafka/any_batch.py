"""Batches that the broker takes and both client libraries raise on for ever, or unpack until memory is full, before
a reader of ours sees a record.

`accept` puts `AnyRecords` where their consumers read a fetch. A batch is decoded by the library as before. Where that
fails, header names that are no UTF-8 are replaced, and it is decoded once more. What fails again, or unpacks to more
than `MAX_UNPACKED_BYTES`, is set aside: one record without a value stands for it, so that all readers pass it alike.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from aiokafka.consumer import fetcher as aiokafka_fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from kafka.consumer import fetcher as kafka_fetcher
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint, encode_varint
from prometheus_client import Counter

from chassis import logs
from chassis.kafka.unpacked import fits

MAX_UNPACKED_BYTES: Final = 32 * 1024 * 1024
"""A batch of a megabyte on the broker may unpack to a terabyte. JSON unpacks to some twenty times its size."""

# The head of a batch, as Kafka's protocol has it.
_LENGTH_AT: Final = 8
_HEAD: Final = 12
_CODEC_AT: Final = 22
_LAST_DELTA_AT: Final = 23
_COUNT_AT: Final = 57
_RECORDS_AT: Final = 61
_CODEC_MASK: Final = 0x07
_ATTRIBUTES: Final = 1

_SET_ASIDE: Final = Counter(
    "pantau_kafka_batches_set_aside", "Batches that cannot be unpacked, or to too much, left out"
)
_log = logs.get(__name__)


class AnyBatch:
    """A batch of the library, of the bytes `data`; `plain` decodes bytes in Python, in a buffer that can be changed."""

    def __init__(self, batch: Any, plain: Callable[[bytes], Any], data: bytes) -> None:
        self._batch = batch
        self._plain = plain
        self._data = data
        (self._last_delta,) = struct.unpack_from(">i", data, _LAST_DELTA_AT)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        codec = self._data[_CODEC_AT] & _CODEC_MASK
        if codec and not fits(codec, self._data[_RECORDS_AT:], MAX_UNPACKED_BYTES):
            yield from self._set_aside("unpacks to too much")
            return
        done = 0
        try:
            for record in self._batch:
                self._check(record)
                yield record
                done += 1
        except Exception:  # noqa: BLE001 - what unpacks and decodes the bytes of strangers may fail in any way
            yield from self._again(done)

    def _again(self, done: int) -> Iterator[Any]:
        """The records after the first `done`."""
        try:
            batch = self._plain(self._data)
            batch._maybe_uncompress()
            _replace_names(batch._buffer, batch._pos, batch._num_records)
            for record in islice(batch, done, None):
                self._check(record)
                yield record
        except Exception as error:  # noqa: BLE001 - the same
            yield from self._set_aside(type(error).__name__)

    def _check(self, record: Any) -> None:
        """A reader goes on behind the last offset that it was given: one outside the batch would hide the next records."""
        first = self._batch.base_offset
        if not first <= record.offset <= first + self._last_delta:
            raise ValueError("an offset outside its batch")

    def _set_aside(self, reason: str) -> Iterator[Any]:
        """A record without key and value, at the batch's last offset."""
        _SET_ASIDE.inc()
        _log.error("batch set aside", offset=self._batch.base_offset, reason=reason)
        yield from self._plain(_empty(self._data))


class AnyRecords:
    """The batches of one fetch. `records`: the library's class; `plain`: its batch in Python."""

    def __init__(self, records: Callable[[bytes], Any], plain: Callable[[bytes], Any], data: bytes) -> None:  # fmt: skip
        self._records = records(data)
        self._plain = plain
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
        return AnyBatch(batch, self._plain, bytes(self._data[start:end]))


def _empty(data: bytes) -> bytes:
    """A batch, not compressed, of one record at the last offset of the batch `data`; its checksum is not mended."""
    (delta,) = struct.unpack_from(">i", data, _LAST_DELTA_AT)
    body = bytearray(b"\0\0")  # attributes, and no time since the first
    for number in (delta, -1, -1, 0):  # offset, no key, no value, no headers
        encode_varint(number, body.append)
    record = bytearray()
    encode_varint(len(body), record.append)
    batch = bytearray(data[:_RECORDS_AT]) + record + body
    batch[_CODEC_AT] &= ~_CODEC_MASK & 0xFF
    struct.pack_into(">i", batch, _LENGTH_AT, len(batch) - _HEAD)
    struct.pack_into(">i", batch, _COUNT_AT, 1)
    return bytes(batch)


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
