"""State and live records that anyone may have written: a fold reads them, sets them aside, or says plainly what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.results.topics import HEAD_KEY, LIVE, SPPG_EVENTS
from streams.core.fold import Flush, Fold, Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.state_format import UnreadableStateError, marked
from streams.core.unit_stage.unit_fold import UnitFold
from streams.core.windowing.pending_rows import ROWS_KEY
from tests.examples import KITCHEN, event
from tests.registry_small import SMALL
from tests.streams.plant import EPOCH, Plant

AT = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00

UNIT_KEYS = (
    b"time",
    b"registry/32.11",
    f"facts/{KITCHEN}/20781/0".encode(),
    b"facts/",
    b"alerts/1",
    ROWS_KEY,
    b"",
)
REGION_KEYS = (
    b"source/sppg.events/0",
    b"registry/32.11",
    b"since/32.11",
    f"pane/{KITCHEN}/5984967".encode(),
    b"pane/x",
    b"alerts/32.11/~at",
    b"alerts/32.11/alert/x",
    b"alerts/32.11/event/x/y",
    b"alerts/32.11/undo/x/y",
    b"alerts/32.11/heard/x",
    b"alerts/32.11/sensor/x/chiller/",
    b"alerts/32.11/command/x",
    b"alerts/",
    ROWS_KEY,
    b"",
)
LIVE_KEYS = (
    f"32.11|{HEAD_KEY}".encode(),
    f"32.11|{KITCHEN}".encode(),
    b"32.11|performance/kabupaten/32.11/1d",
    b"|",
    b"\xff",
    b"32.11",
)
json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=9),
    max_leaves=20,
)
flat_lists = st.lists(
    st.integers(0, 99) | st.binary(max_size=4) | st.text(max_size=4) | st.none(), max_size=12
)
broken = [
    b"{}",
    b"[]",
    b"0",
    b"-1",
    b"9" * 5000,
    b"\x03x",
    b"\xdc\x00\x01\x90",
    b"\xdc\xff\xff",
    b" { } ",
    b"null",
]
hostile = (
    st.binary(max_size=40)
    | st.binary(max_size=40).map(marked)
    | json_values.map(msgspec.json.encode)
    | flat_lists.map(msgspec.msgpack.encode)
    | st.sampled_from(broken)
)


def seeded() -> Plant:
    """A plant of one partition that has seen a meal cooked; all of it flushed."""
    plant = Plant(1)
    plant.registries(AT - 3_600_000, [SMALL])
    value = json.dumps(event("sppg.cooking.finished")).encode()
    plant.append((SPPG_EVENTS, 0), AT, value)
    plant.tick(AT + 1_200_000)
    plant.finish()
    return plant


SEEDED = seeded()


def take_over(fold: Fold, state: dict[bytes, bytes], live: dict[bytes, bytes]) -> str:
    """Notices, or the error that ends the take-over; any other one surfaces."""
    try:
        for key, value in state.items():
            fold.restore("state", key, value)
        for key, value in live.items():
            fold.restore(LIVE, key, value)
        notices = fold.restored()
    except UnreadableStateError as error:
        return str(error)
    assert isinstance(fold.drain(0), Flush)
    return "".join(notices)


def region_fold() -> RegionFold:
    return RegionFold(0, 2, EPOCH)


def unit_fold() -> UnitFold:
    return UnitFold(SPPG_EVENTS, 0, 1, 1)


@given(st.sampled_from(UNIT_KEYS) | st.binary(max_size=20), hostile)
def test_a_unit_fold_reads_a_record_of_state_or_names_it(key: bytes, value: bytes) -> None:
    answer = take_over(unit_fold(), SEEDED.state[SPPG_EVENTS, 0] | {key: value}, {})
    assert not answer or "pantau replay" in answer or "another installation" in answer


@given(st.sampled_from(REGION_KEYS) | st.binary(max_size=20), hostile)
def test_a_region_fold_reads_a_record_of_state_or_names_it(key: bytes, value: bytes) -> None:
    answer = take_over(region_fold(), SEEDED.region_state | {key: value}, SEEDED.live_raw)
    assert not answer or "pantau replay" in answer or "no registry names" in answer


live_keys = st.sampled_from([*LIVE_KEYS, *SEEDED.live_raw]) | st.binary(max_size=20)


@given(st.dictionaries(live_keys, hostile, max_size=3))
def test_a_region_fold_sets_aside_what_it_cannot_read_on_live(records: dict[bytes, bytes]) -> None:
    answer = take_over(region_fold(), SEEDED.region_state, SEEDED.live_raw | records)
    assert len(answer) < 1_000
    # None of these values is a record that would be taken.
    assert bool(answer) == bool(records)


@pytest.mark.parametrize("spoilt", [lambda _: b"no JSON", lambda _: b"{}", lambda v: v[:-9]])
def test_rows_of_areas_that_cannot_be_read_are_written_again(
    spoilt: Callable[[bytes], bytes],
) -> None:
    plant = seeded()
    live, rows = dict(plant.live), dict(plant.live_raw)
    for name in [name for name in rows if b"/kecamatan/" in name or b"/kabupaten/" in name]:
        plant.live_raw[name] = spoilt(rows[name])
        del plant.live[name.decode()]
    plant.crash_region()
    plant.tick(AT + 1_201_000)
    plant.finish()
    changed = {"revision", "updated_at", "as_of"}
    assert plant.live.keys() == live.keys()
    for key, row in plant.live.items():
        before = {name: value for name, value in live[key].items() if name not in changed}
        assert {name: value for name, value in row.items() if name not in changed} == before
    assert plant.live_raw.keys() == rows.keys()


def test_json_with_blanks_on_live_is_read() -> None:
    plant = seeded()
    before = dict(plant.live)
    for name, value in plant.live_raw.items():
        plant.live_raw[name] = json.dumps(json.loads(value), indent=1).encode()
    assert take_over(region_fold(), plant.region_state, plant.live_raw) == ""
    plant.crash_region()
    plant.flush_region()
    assert plant.live == before


def test_a_unit_row_that_cannot_be_read_is_deleted_until_the_unit_reports() -> None:
    plant = seeded()
    key = f"32.11|performance/unit/{KITCHEN}/1d"
    plant.live_raw[key.encode()] = b"{"
    plant.crash_region()
    plant.flush_region()
    assert key not in plant.live
    plant.append((SPPG_EVENTS, 0), AT + 1_300_000, json.dumps(event("sppg.cooking.finished", id="b")).encode())  # fmt: skip
    plant.finish()
    assert plant.live[key]["portions_cooked"] == 2400


def test_a_live_map_without_its_head_goes_on_in_a_new_epoch() -> None:
    plant = seeded()
    plant.live_raw[f"32.11|{HEAD_KEY}".encode()] = b"\xff"
    fold = RegionFold(0, 2, "epoch-2")
    notices = take_over(fold, plant.region_state, plant.live_raw)
    assert "1 records could not be read" in notices and HEAD_KEY in notices


@pytest.mark.parametrize(("key", "value"), [(b"time", b"\x03"), (b"time", b"\x01" + b"5")])
def test_state_of_another_format_is_refused_with_what_to_do(key: bytes, value: bytes) -> None:
    with pytest.raises(UnreadableStateError, match=r"format .* this version reads 1 and 2.*pantau replay"):  # fmt: skip
        unit_fold().restore("state", key, value)
    head = {"epoch": "e", "seq": 1, "as_of": "", "now": "", "format": 2}
    with pytest.raises(UnreadableStateError, match=r"format 2.*pantau replay"):
        region_fold().restore(LIVE, f"32.11|{HEAD_KEY}".encode(), json.dumps(head).encode())


def test_state_of_the_first_format_is_read() -> None:
    """It had no mark: a worker of this version takes over from one of the first release."""
    plant = seeded()
    rows = dict(plant.revisions)
    for state in (*plant.state.values(), plant.region_state):
        for key, value in state.items():
            assert value[:1] == b"\x02"
            state[key] = value[1:]
    for place in plant.places:
        plant.crash(place)
    plant.crash_region()
    plant.finish()
    assert plant.revisions == rows
    assert all(value[:1] == b"\x02" for value in (plant.state[SPPG_EVENTS, 0][b"time"],))


@given(hostile)
def test_no_record_of_the_feed_stops_a_region_fold(value: bytes) -> None:
    plant = seeded()
    before = plant.region.drain(1)
    plant.region.apply(Record(7, AT, value))
    after = plant.region.drain(2)
    assert len(before.out) == len(after.out)


def test_a_feed_record_of_no_unit_fold_is_set_aside() -> None:
    plant = seeded()
    forged: list[Any] = ["sppg.events/9", 1, AT, []]
    plant.region.apply(Record(7, AT, msgspec.msgpack.encode(forged)))
    assert plant.region.drain(2).notices == ("record 7 of region.feed: it is of no unit fold",)
