"""Laws of the digest and of the stamp."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.events.event_types import TYPES
from contracts.events.identity import DIGEST_BYTES, digest, stamp
from tests.examples import DATA, event, line

COOKED, DELIVERED, EATEN = "sppg.cooking.finished", "sppg.delivery.received", "sppg.meal.eaten"
NOW = "2026-11-24T03:15:32.000Z"


def digest_of(raw: bytes) -> bytes:
    made = decode_line(raw)
    assert not isinstance(made, Refusal), made
    return digest(made)


def shuffled(thing: Any, seed: int) -> Any:
    if not isinstance(thing, dict):
        return thing
    names = sorted(thing)
    random.Random(seed).shuffle(names)
    return {name: shuffled(thing[name], seed) for name in names}


@given(st.sampled_from(sorted(TYPES)), st.integers())
def test_order_of_names_and_writing_do_not_matter(type_: str, seed: int) -> None:
    again = json.dumps(shuffled(event(type_), seed), indent=2, ensure_ascii=True).encode()
    assert digest_of(again) == digest_of(line(type_))
    assert len(digest_of(again)) == DIGEST_BYTES


@pytest.mark.parametrize(
    "same",
    [
        line(COOKED, time="2026-11-24T03:15:30.12Z"),
        line(COOKED, time="2026-11-24T03:15:30.1209999+00:00"),
        line(COOKED, id="another", source="/32.11/sppg/another"),
        line(COOKED, receivedtime=NOW, recordedtime=NOW, extra=1),
        line(COOKED, data={"portions": 1200.0}),
        line(COOKED).replace(b"78.5", b"7.850e1"),
        line(COOKED).replace(b"B-1", b"\\u0042-1"),
        line(COOKED, supersedes=None),
    ],
)
def test_equal(same: bytes) -> None:
    assert digest_of(same) == digest_of(line(COOKED))


def test_zero_has_no_sign() -> None:
    def at(number: str) -> bytes:
        return digest_of(line(COOKED).replace(b"78.5", number.encode()))

    assert at("-0.0") == at("0") == at("-0") == at("0.0")
    assert at("-0.05") != at("0.05")


@pytest.mark.parametrize(
    "other",
    [
        line(COOKED, time="2026-11-24T03:15:30.121Z"),
        line(COOKED, supersedes="x"),
        line(COOKED, data={"portions": 1201}),
        line(COOKED, data={"batch": "B-2"}),
        line(DELIVERED),
    ],
)
def test_unequal(other: bytes) -> None:
    assert digest_of(other) != digest_of(line(COOKED))


def test_subject_groups_and_the_writing_of_a_time_in_data_count() -> None:
    assert digest_of(line(EATEN)) != digest_of(line(EATEN, subject="npsn:2"))
    assert digest_of(line(EATEN)) != digest_of(line(EATEN, data={"eaten": {"sd": 290}}))
    moved = line(DELIVERED, data={"cooked_at": "2026-11-24T00:05:00Z"})
    assert digest_of(line(DELIVERED)) != digest_of(moved)


@pytest.mark.parametrize(("type_", "name"), [(t, n) for t, d in DATA.items() for n in d])
def test_every_optional_field_counts(type_: str, name: str) -> None:
    without = decode_line(line(type_, data={name: ...}))
    if not isinstance(without, Refusal):
        assert digest(without) != digest_of(line(type_))


@given(st.sampled_from(sorted(TYPES)), st.sampled_from([None, 2]), st.booleans(), st.text())
def test_stamp_sets_one_attribute(type_: str, indent: int | None, before: bool, extra: str) -> None:
    made = event(type_, extra=extra)
    if before:
        made["receivedtime"] = "2001-01-01T00:00:00Z"
    raw = json.dumps(made, indent=indent).encode()
    stamped = stamp(raw, NOW)
    assert json.loads(stamped) == made | {"receivedtime": NOW}
    assert b"\n" not in stamped
    assert json.loads(stamp(stamped, NOW)) == json.loads(stamped)
    assert digest_of(stamped) == digest_of(raw)


def test_stamp_leaves_values_as_written() -> None:
    raw = b'{"a":1.50,"receivedtime":2,"b":[1 ,2e5,12345678901234567890.0,\n"x  y"]\n}'
    kept = b'{"a":1.50,"receivedtime":"T","b":[1 ,2e5,12345678901234567890.0, "x  y"]}'
    assert stamp(raw, "T") == kept
    assert stamp(b'{"a":{"b":1.50}}\n', "T") == b'{"a":{"b":1.50},"receivedtime":"T"}'


def test_stamp_is_not_fooled_by_an_escaped_name() -> None:
    raw = b'{"received\\u0074ime":"old","data":{}}'
    assert json.loads(stamp(raw, "T")) == {"receivedtime": "T", "data": {}}
