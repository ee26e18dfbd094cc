"""The partition rule against two clients' own hash, and lines packed into records."""

from __future__ import annotations

from itertools import pairwise

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from contracts.events.lines import pack, split
from contracts.events.partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # From Kafka's own UtilsTest.testMurmur2.
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_kafka_vectors(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected


@given(st.binary(max_size=70))
def test_agrees_with_clients(data: bytes) -> None:
    assert murmur2(data) & 0xFFFFFFFF == aiokafka_murmur2(data) & 0xFFFFFFFF
    assert murmur2(data) & 0xFFFFFFFF == kafka_murmur2(data) & 0xFFFFFFFF


@given(st.text(max_size=30), st.integers(1, 64))
def test_partition_is_the_contracts_rule(unit_id: str, count: int) -> None:
    assert partition_of(unit_id, count) == (aiokafka_murmur2(unit_id.encode()) & 0x7FFFFFFF) % count


_LINES = st.lists(st.binary(min_size=1, max_size=20).filter(lambda raw: b"\n" not in raw))


@given(_LINES, st.integers(20, 90))
def test_packing_keeps_every_line_in_order_under_the_limit(lines: list[bytes], limit: int) -> None:
    values = list(pack(lines, limit))
    assert [one for value in values for one in split(value)] == lines
    assert all(0 < len(value) <= limit for value in values)
    # No two neighbours would have fitted into one record.
    assert all(len(a) + 1 + len(split(b)[0]) > limit for a, b in pairwise(values))


def test_a_line_over_the_limit_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        list(pack([b"x" * 11], 10))
