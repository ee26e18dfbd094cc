"""Records that anyone may write to an event topic or the feed: each fold takes the next one, and names what it refuses."""

from __future__ import annotations

import hashlib
from base64 import b64decode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events.lines import split
from contracts.results.topics import (
    DEAD_LETTERS,
    MAX_RECORD_BYTES,
    REGISTRY_CHANGE,
    SPPG_EVENTS,
    VERDICTS,
)
from streams.core.fold import Flush, Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold
from tests import hostile
from tests.examples import KITCHEN, event, line
from tests.hostile import HostileRecord
from tests.registry_small import SMALL

AT = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00


def _fold() -> UnitFold:
    fold = UnitFold(SPPG_EVENTS, 0, 1, 1)
    fold.apply(Record(0, AT, SMALL.encode(), b"", REGISTRY_CHANGE))
    return fold


def _records(found: list[HostileRecord]) -> list[Record]:
    return [Record(at, AT, one.value or b"", one.key or b"") for at, one in enumerate(found, 1)]


def _lines(flush: Flush, topic: str, table: bytes) -> list[dict[str, object]]:
    return [
        msgspec.json.decode(one)
        for out in flush.out
        if out.topic == topic and (b"table", table) in [(n.encode(), v) for n, v in out.headers]
        for one in split(out.value or b"")
    ]


@settings(max_examples=300)
@given(st.lists(hostile.records, max_size=8))
def test_the_unit_fold_names_each_line_that_it_refuses(found: list[HostileRecord]) -> None:
    fold = _fold()
    records = _records(found)
    fold.apply(*records)
    last = Record(len(records) + 1, AT, line("sppg.meal.eaten", id="the-next-one"))
    fold.apply(last)
    flush = fold.drain(last.offset + 1)
    refused = {(row["offset"], row["line"]) for row in _lines(flush, VERDICTS, b"exceptions")}
    letters = {(row["offset"], row["line"]) for row in _lines(flush, DEAD_LETTERS, b"dead_letters")}
    assert letters <= refused
    assert last.offset not in {offset for offset, _ in refused}
    for record in records:
        for number, one in enumerate(split(record.value)):
            if b'"id"' not in one:
                assert (record.offset, number) in letters
    assert all(len(out.value or b"") <= MAX_RECORD_BYTES for out in flush.out)


@settings(max_examples=300)
@given(st.lists(hostile.records, max_size=8))
def test_the_region_fold_goes_on(found: list[HostileRecord]) -> None:
    fold = RegionFold(0, 3, "epoch-1")
    fold.apply(*_records(found))
    fold.drain(len(found) + 1)


@pytest.mark.parametrize("size", [70_000, 750_000, 1_000_000])
@pytest.mark.parametrize("target", [None, "another"])
def test_a_letter_and_state_fit_into_a_record(size: int, target: str | None) -> None:
    fold = _fold()
    big = b'{"id":"x","note":"' + b"a" * size + b'"}'
    members = event("sppg.meal.eaten") | ({"supersedes": target} if target else {})
    small = msgspec.json.encode(members)
    fold.apply(
        Record(1, AT, big, b"k" * size),
        Record(2, AT, small, b"k" * size),
        Record(3, AT, b"[" * size, KITCHEN.encode()),
    )
    flush = fold.drain(4)
    assert all(len(out.value or b"") <= MAX_RECORD_BYTES for out in flush.out)
    assert all(len(value or b"") <= MAX_RECORD_BYTES for value in flush.state.values())
    letters = {row["offset"]: row for row in _lines(flush, DEAD_LETTERS, b"dead_letters")}
    for offset, whole in ((1, big), (3, b"[" * size)):
        letter = letters[offset]
        kept = b64decode(str(letter["bytes"]))
        assert whole.startswith(kept) and len(kept) <= 66_000
        assert f"{len(whole)} bytes" in str(letter["detail"])
        assert hashlib.sha256(whole).hexdigest() in str(letter["detail"])
    assert hashlib.sha256(b"k" * size).hexdigest().encode() in b64decode(str(letters[1]["key"]))


def test_a_letter_names_the_unit_that_the_registry_knows_and_no_other() -> None:
    fold = _fold()
    for offset, source in enumerate((f"/32.11/sppg/{KITCHEN}", "/32.11/sppg/Ani Lestari"), 1):
        fold.apply(Record(offset, AT, line("sppg.meal.eaten", source=source, type="no.such")))
    found = _lines(fold.drain(3), DEAD_LETTERS, b"dead_letters")
    assert [(row["region"], row["unit_id"]) for row in found] == [("32.11", KITCHEN), ("", "")]


def test_a_record_of_many_bad_lines_makes_few_letters_and_counts_the_others() -> None:
    fold = _fold()
    fold.apply(
        Record(1, AT, b"x\n" * 250 + b"{}"), Record(2, AT, b"y\n" * 101), Record(3, AT, b"z")
    )
    flush = fold.drain(4)
    found = _lines(flush, DEAD_LETTERS, b"dead_letters")
    counted = [row for row in found if row["code"] == "more_refused"]
    assert [(row["offset"], row["line"]) for row in counted] == [(1, 100), (2, 100)]
    assert "not_json 150" in str(counted[0]["detail"]) and "missing_field 1" in str(counted[0]["detail"])  # fmt: skip
    assert "not_json 1." in str(counted[1]["detail"])
    assert len(found) == 100 + 1 + 100 + 1 + 1
    # Each line has its verdict all the same.
    assert len(_lines(flush, VERDICTS, b"exceptions")) == 251 + 101 + 1
