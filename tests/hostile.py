"""Records that anyone may write to any topic: the generator of the law that each reader goes on.

The law: for any bytes, key, headers and time stamp a reader takes its next record, and names what it set aside.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from contracts.results.tables import TABLES
from contracts.results.topics import (
    CONTROL_HEADER,
    GENERATION_CHANGE,
    HEAD_KEY,
    REGISTRY_CHANGE,
    REVOCATION,
    SEQ_HEADER,
    SIGNATURE_HEADER,
    TABLE_HEADER,
    TICK,
)
from tests.examples import CLINIC, DATA, KITCHEN, line


class HostileRecord(NamedTuple):
    """`time_ms`: as its producer chose it; the broker replaces it on our topics."""

    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    time_ms: int


DEEP: Final = b"[" * 5_000 + b"]" * 5_000
"""Deeper than Python's and msgspec's own limits."""
_BIG: Final = b"x" * 100_000

_LINES: Final = (
    b"",
    b" ",
    b"null",
    b"0",
    b"[]",
    b"{}",
    b'""',
    b"NaN",
    b"-1e999",
    b"9" * 400,
    b"\xff\xfe",
    b'{"letter_id":"\xff"}',
    b'{"id":"\\ud800"}',
    b"\xef\xbb\xbf{}",
    b"\x00",
    b'{"a":' * 600,
    DEEP,
    b'{"data":' + DEEP + b"}",
    b'{"id":"' + _BIG + b'"}',
    b"\r\n\r",
    b'{"id":"a"}{"id":"b"}',
    b'{ "topic" : "x" }',
    b'{"epoch":"e","seq":1e3}',
    b'{"epoch":"e","seq":-1,"as_of":5}',
    b'{"topic":"alerts","level":7}',
)
_EVENTS: Final = tuple(line(type_name) for type_name in DATA)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """An event with some bytes cut out and others put in."""
    whole = draw(st.sampled_from(_EVENTS))
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 40)))
    return whole[:start] + draw(st.binary(max_size=12)) + whole[end:]


_lines = st.sampled_from(_LINES) | st.sampled_from(_EVENTS) | _damaged() | st.binary(max_size=40)
values = (
    st.none() | st.binary(max_size=80) | st.lists(_lines, min_size=1, max_size=6).map(b"\n".join)
)
keys = (
    st.none()
    | st.binary(max_size=40)
    | st.sampled_from(
        [
            KITCHEN.encode(),
            CLINIC.encode(),
            b"32.11|" + HEAD_KEY.encode(),
            b"32.11|" + KITCHEN.encode(),
            b"|",
            b"~position",
            b"facts/",
            b"\xff|\xff",
            b"",
            _BIG,
        ]
    )
)
_names = (
    st.sampled_from([TABLE_HEADER, SEQ_HEADER, CONTROL_HEADER, SIGNATURE_HEADER])
    | st.sampled_from(
        [CONTROL_HEADER.upper(), f" {CONTROL_HEADER}", f"{CONTROL_HEADER}\0", "h" * 20_000]
    )
    | st.text(max_size=8)
    # Not UTF-8, written as Python writes such bytes in a text.
    | st.binary(min_size=1, max_size=6).map(lambda some: some.decode(errors="surrogateescape"))
)
_contents = (
    st.none()
    | st.binary(max_size=70)
    | st.sampled_from(
        [name.encode() for name in sorted(TABLES)]
        + [kind.encode() for kind in (TICK, REGISTRY_CHANGE, GENERATION_CHANGE, REVOCATION)]
        + [_BIG]
        + [b"1", b"-1", b"9" * 30, "٣".encode()]
    )
)
headers = st.lists(st.tuples(_names, _contents), max_size=4)
records = st.builds(
    HostileRecord, values, keys, headers, st.integers(0, 2**62) | st.sampled_from([0, 1])
)

SOME: Final = (
    *(HostileRecord(value, None, [], 0) for value in _LINES),
    HostileRecord(b"\n".join(_LINES), b"\xff", [], 0),
    HostileRecord(None, b"k", [], 0),
    HostileRecord(_EVENTS[0], _BIG, [(CONTROL_HEADER, TICK.encode())], 0),
    HostileRecord(b"{}", b"", [(CONTROL_HEADER, REGISTRY_CHANGE.encode()), ("\udcff", b"x")], 0),
    HostileRecord(b"{}", None, [(TABLE_HEADER, b"\xff"), (SEQ_HEADER, b"9" * 5_000)], 1),
)
"""Some of them that are the same each time."""


class _RawName(str):
    """A header's name whose bytes need be no UTF-8."""

    __slots__ = ()

    def encode(self, *_args: str) -> bytes:
        return super().encode(errors="surrogateescape")


def for_kafka_python(record: HostileRecord) -> dict[str, Any]:
    """The arguments of `KafkaProducer.send`."""
    return {
        "value": record.value,
        "key": record.key,
        "headers": [(_RawName(name), content) for name, content in record.headers],
        "timestamp_ms": record.time_ms,
    }
