"""The pure parts of ingest, and the batcher against a recording outlet."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.http.problems import Problem
from chassis.kafka.interface import OutgoingRecord
from contracts.events.codes import Code, Refusal
from contracts.events.lines import split
from contracts.events.partition import partition_of
from contracts.receipts import RecordPlace
from contracts.registry.entities import Registry
from contracts.results.topics import DEAD_LETTERS, MAX_RECORD_BYTES, SPPG_EVENTS
from producers.ingest.judging.judge import Rejected, _chunks
from producers.ingest.judging.refused_letters import letters_of
from producers.ingest.requests.body import Item, items_of, read_body
from producers.ingest.requests.limits import Budget, DeviceLimits, RateLimit
from producers.ingest.sending.grouping import Batcher
from producers.ingest.sending.link import KafkaUnavailableError
from tests.examples import KITCHEN, REGION, SCHOOL
from tests.registry_small import SMALL

PARTITIONS = 4


async def _stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def _read(pieces: Sequence[bytes], packed: bool, limit: int, taken: list[int]) -> bytes:
    return asyncio.run(read_body(_stream(pieces), packed, taken.append, limit))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50), st.booleans())
def test_a_body_comes_out_as_it_went_in(parts: list[bytes], cut: int, packed: bool) -> None:
    body = b"".join(parts)
    sent = b"".join(map(gzip.compress, parts)) if packed else body
    taken: list[int] = []
    assert _read(_cut(sent, cut), packed, len(body), taken) == body
    assert sum(taken) == len(body)


@given(st.integers(1, 400), st.booleans())
def test_one_byte_beyond_the_limit_is_413(limit: int, packed: bool) -> None:
    body = b"x" * (limit + 1)
    sent = gzip.compress(body) if packed else body
    with pytest.raises(Problem) as caught:
        _read(_cut(sent, 7), packed, limit, [])
    assert caught.value.status == 413


def test_a_bomb_is_never_unpacked_beyond_the_limit() -> None:
    taken: list[int] = []
    with pytest.raises(Problem) as caught:
        _read([gzip.compress(bytes(50_000_000))], True, 1_000, taken)
    assert (caught.value.status, sum(taken)) == (413, 0)


def test_thousands_of_empty_members_are_given_up() -> None:
    with pytest.raises(Problem) as caught:
        _read([gzip.compress(b"") * 3_000], True, 1_000, [])
    assert caught.value.status == 400


@given(st.binary(max_size=200))
def test_what_is_no_gzip_is_400(junk: bytes) -> None:
    with pytest.raises(Problem) as caught:
        _read([b"\x1f" + junk[::-1]], True, 1_000, [])
    assert caught.value.status == 400


def test_blank_lines_are_no_events_but_keep_their_place() -> None:
    assert items_of("lines", b'\n{"a":1}\r\n  \n{"b":2}') == [
        Item(1, b'{"a":1}'),
        Item(3, b'{"b":2}'),
    ]


def test_a_device_gets_its_rate_and_no_more() -> None:
    limit = RateLimit(DeviceLimits(requests_per_s=8, burst=20))
    for _ in range(20):
        limit.take("a", 100.0)
    with pytest.raises(Problem) as caught:
        limit.take("a", 100.0)
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "1"})
    limit.take("b", 100.0)
    limit.take("a", 100.125)
    with pytest.raises(Problem):
        limit.take("a", 100.125)
    for _ in range(20):
        limit.take("a", 200.0)


def test_bytes_in_flight_are_bounded_and_given_back() -> None:
    budget = Budget(DeviceLimits(bytes_in_flight=100, device_bytes=100))
    with budget.share("a") as first:
        first.take(60)
        with budget.share("b") as second:
            second.take(40)
            with pytest.raises(Problem) as caught:
                second.take(1)
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "2")
        first.take(40)
    with budget.share("a") as third:
        third.take(100)


def test_one_device_cannot_use_up_the_bytes_of_all() -> None:
    budget = Budget(DeviceLimits(bytes_in_flight=100, device_bytes=30))
    with budget.share("greedy") as first, budget.share("greedy") as second:
        first.take(20)
        with pytest.raises(Problem) as caught:
            second.take(11)
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (429, "2")
        with budget.share("other") as other:
            other.take(30)
    with budget.share("greedy") as third:
        third.take(30)


def test_refused_items_count_as_requests() -> None:
    limit = RateLimit(DeviceLimits(requests_per_s=8, burst=20, refused_per_request=100))
    limit.take("a", 100.0)
    limit.charge("a", 10_000, 101, 100.0)
    for at in (100.0, 110.0):
        with pytest.raises(Problem):
            limit.take("a", at)
    limit.take("a", 112.0)


def test_a_device_that_is_refused_without_end_is_stopped_and_others_are_not() -> None:
    limit = RateLimit(DeviceLimits(letters_burst=1_000, letters_per_s=2))
    for _ in range(10):
        limit.take("a", 100.0)
        limit.charge("a", 101, 101, 100.0)
    for at, wait_s in ((100.0, "6"), (103.0, "3")):
        with pytest.raises(Problem) as caught:
            limit.take("a", at)
        assert "refused" in caught.value.detail
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (429, wait_s)
    limit.take("b", 100.0)
    limit.take("a", 106.0)


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=30), st.integers(0, 10))
def test_letters_are_limited_and_nothing_is_lost_silently(lines: list[bytes], full: int) -> None:
    codes = {b"a": Code.NOT_JSON, b"b": Code.OUT_OF_RANGE, b"c": Code.TOO_OLD}
    refused = [Rejected(at, Refusal(codes[one], "why", one)) for at, one in enumerate(lines)]
    rows = [json.loads(one) for one in letters_of(refused, KITCHEN, Registry([SMALL]), 0, full)]
    assert [base64.b64decode(row["bytes"]) for row in rows[:full]] == lines[:full]
    assert len({row["letter_id"] for row in rows}) == len(rows)
    others = lines[full:]
    if not others:
        assert len(rows) == len(lines)
        return
    *_, last = rows
    assert (len(rows), last["code"], last["line"]) == (full + 1, Code.MORE_REFUSED, full)
    assert last["detail"].startswith(f"{len(others)} more items")
    for line in set(others):
        assert f"{codes[line]} {others.count(line)}" in last["detail"]


def test_letters_of_a_school_name_its_region() -> None:
    refused = [Rejected(0, Refusal(Code.NOT_JSON, "why", b"a"))]
    [row] = letters_of(refused, SCHOOL, Registry([SMALL]), 0)
    assert json.loads(row)["region"] == REGION


@pytest.mark.parametrize("shape", ["event", "lines"])
def test_an_array_that_is_not_sent_as_one_is_400(shape: Literal["event", "lines"]) -> None:
    body = b" \n[" + b",".join([b'{"id":"1"}'] * 300) + b"]"
    with pytest.raises(Problem) as caught:
        items_of(shape, body)
    assert caught.value.status == 400
    assert "cloudevents-batch+json" in caught.value.detail


@pytest.mark.parametrize(
    ("item", "count", "most_bytes"), [(b"1,", 4_000_000, 20_000_000), (b'"",', 800_000, 80_000_000)]
)
def test_an_array_of_too_many_is_refused_before_its_items_are_made(
    item: bytes, count: int, most_bytes: int
) -> None:
    tracemalloc.start()
    with pytest.raises(Problem) as caught:
        items_of("batch", b"[" + item * count + b"1]")
    assert caught.value.status == 413
    assert tracemalloc.get_traced_memory()[1] < most_bytes
    tracemalloc.stop()


def test_the_loop_is_given_back_after_so_many_bytes() -> None:
    items = [Item(at, b"x" * 60_000) for at in range(20)]
    chunks = list(_chunks(items))
    assert [item for chunk in chunks for item in chunk] == items
    assert max(map(len, chunks)) == 3


class Recorder:
    """Takes records, or fails."""

    def __init__(self, fails: bool = False) -> None:
        self.records: list[OutgoingRecord] = []
        self._fails = fails

    def partitions(self, topic: str) -> int:
        assert topic == SPPG_EVENTS
        return PARTITIONS

    async def write(self, records: Sequence[OutgoingRecord]) -> list[RecordPlace]:
        await asyncio.sleep(0)
        if self._fails:
            raise KafkaUnavailableError("gone")
        first = len(self.records)
        self.records += records
        return [
            RecordPlace(one.topic, one.partition or 0, first + at) for at, one in enumerate(records)
        ]


_units = st.sampled_from([f"SPPG-{number}" for number in range(6)])
_requests = st.lists(st.tuples(_units, st.integers(1, 4)), max_size=20)


@given(_requests, st.integers(10, 400_000))
def test_groups_keep_order_partition_key_and_size(
    requests: list[tuple[str, int]], size: int
) -> None:
    outlet = Recorder()
    sent = [
        (unit, [f"{number}.{line}|".ljust(size, "x").encode() for line in range(count)])
        for number, (unit, count) in enumerate(requests)
    ]

    async def run() -> list[RecordPlace]:
        batcher = Batcher(outlet, 1)
        return await asyncio.gather(
            *[batcher.add(SPPG_EVENTS, unit, lines) for unit, lines in sent]
        )

    places = asyncio.run(run())
    for (unit, lines), place in zip(sent, places, strict=True):
        assert (place.topic, place.partition) == (SPPG_EVENTS, partition_of(unit, PARTITIONS))
        holding = [
            at
            for at, record in enumerate(outlet.records)
            if record.partition == place.partition and set(split(record.value or b"")) & set(lines)
        ]
        assert max(holding) <= place.offset, (
            "the place is that of the last record with these lines, or one after"
        )
    unit_of = {line: unit for unit, lines in sent for line in lines}
    for number in range(PARTITIONS):
        wanted = [line for unit, lines in sent for line in lines if partition_of(unit, 4) == number]
        mine = [record for record in outlet.records if record.partition == number]
        assert [line for record in mine for line in split(record.value or b"")] == wanted
    for record in outlet.records:
        lines = split(record.value or b"")
        assert record.key == (unit_of[lines[0]].encode() if len(lines) == 1 else None)
        assert len(record.value or b"") <= MAX_RECORD_BYTES


def test_requests_of_a_few_milliseconds_share_a_record() -> None:
    outlet = Recorder()

    async def run() -> None:
        batcher = Batcher(outlet, 5)
        await asyncio.gather(*[batcher.add(SPPG_EVENTS, "U", [b"%d" % n]) for n in range(50)])

    asyncio.run(run())
    assert len(outlet.records) == 1


def test_what_comes_after_a_pause_goes_at_once_and_what_follows_waits_for_company() -> None:
    outlet = Recorder()

    async def run() -> None:
        batcher = Batcher(outlet, 3_600_000)
        await asyncio.wait_for(batcher.add(SPPG_EVENTS, "U", [b"first"]), 5)
        waiting = [batcher.add(SPPG_EVENTS, unit, [b"next"]) for unit in ("U", "U", "V")]
        await asyncio.sleep(0.01)
        assert len(outlet.records) == 1
        await batcher.drain()
        assert all(one.done() for one in waiting)

    asyncio.run(run())
    assert [one.value for one in outlet.records] == [b"first", b"next\nnext", b"next"]


def test_a_failure_reaches_all_who_wait_and_one_who_left_harms_nobody() -> None:
    async def run() -> list[RecordPlace | BaseException]:
        batcher = Batcher(Recorder(fails=True), 1)
        shared = [asyncio.shield(batcher.add(SPPG_EVENTS, "U", [b"1"])) for _ in range(3)]
        shared[0].cancel()
        return await asyncio.gather(*shared, return_exceptions=True)

    kinds = [type(one) for one in asyncio.run(run())]
    assert kinds == [asyncio.CancelledError, KafkaUnavailableError, KafkaUnavailableError]


def test_letters_carry_the_unit_and_the_table() -> None:
    outlet = Recorder()
    place = asyncio.run(Batcher(outlet, 1).write_letters("U", [b"{}"] * 3))
    assert place == RecordPlace(DEAD_LETTERS, 0, 0)
    [record] = outlet.records
    assert record == OutgoingRecord(
        DEAD_LETTERS, b"{}\n{}\n{}", b"U", None, (("table", b"dead_letters"),)
    )
