"""Every refusal has its code, and nothing that bytes can hold raises."""

from __future__ import annotations

import json
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.checks import check, effective_received
from contracts.events.codes import MEANING, Code, Refusal
from contracts.events.decode import decode_line, decode_lines, decode_records, recorded_ms
from contracts.events.event_types import MAX_EVENT_BYTES, TYPES, Event, Origin
from tests.contracts.events.example_registry import ExampleRegistry
from tests.examples import (
    DATA,
    SCHOOL,
    TIME,
    TIME_MS,
    event,
    line,
)

NIK = "3211084509120001"
COOKED, DELIVERED, EATEN = "sppg.cooking.finished", "sppg.delivery.received", "sppg.meal.eaten"
TEMPERATURE, GROWTH, CASE = (
    "sppg.temperature.measured",
    "clinic.growth.measured",
    "clinic.case.reported",
)
INGREDIENT, COUNTED = "sppg.ingredient.received", "clinic.cases.counted"
CHECKED_DELIVERY, ILLNESS = "recipient.delivery.checked", "recipient.illness.noticed"
INCIDENT, BEAT, RETRACTED = "sppg.incident.reported", "unit.heartbeat", "event.retracted"
MINUTE, DAY = 60_000, 86_400_000


def refused(raw: bytes) -> Refusal:
    item = decode_line(raw)
    assert isinstance(item, Refusal)
    return item


def accepted(raw: bytes) -> Event:
    item = decode_line(raw)
    assert not isinstance(item, Refusal), item
    return item


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_each_type_decodes_and_passes(type_: str) -> None:
    made = accepted(line(type_))
    assert type(made) is TYPES[type_]
    assert made.time_ms == recorded_ms(made) == TIME_MS
    assert made.origin == Origin(*made.source[1:].split("/"))
    assert check(made, ExampleRegistry(), TIME_MS) is None


def test_every_type_has_an_example_and_every_code_a_meaning() -> None:
    assert set(DATA) == set(TYPES)
    assert set(MEANING) == set(Code)


OPTIONAL = {
    *(("sppg.ingredient.received", name) for name in ("made_at", "temp_c")),
    ("sppg.cooking.finished", "lots"),
    ("sppg.temperature.measured", "sensor"),
    ("sppg.delivery.received", "package"),
    ("sppg.delivery.received", "cooked_at"),  # where the package is not fresh
    ("clinic.antenatal.visited", "hb_g_dl"),
    ("clinic.case.reported", "ate_at"),
    *(("recipient.delivery.checked", name) for name in ("trip", "temp_c")),
    ("unit.heartbeat", "battery_pct"),
}


@pytest.mark.parametrize(("type_", "name"), [(t, n) for t, d in DATA.items() for n in d])
def test_each_field_is_required_unless_optional(type_: str, name: str) -> None:
    raw = line(type_, data={name: ...})
    if (type_, name) in OPTIONAL:
        accepted(raw)
    else:
        item = refused(raw)
        assert (item.code, name in item.detail) == (Code.MISSING_FIELD, True)


@pytest.mark.parametrize(("type_", "name"), [(t, n) for t, d in DATA.items() for n in d])
def test_null_is_no_value_of_any_field(type_: str, name: str) -> None:
    assert refused(line(type_, data={name: None})).code in (Code.OUT_OF_RANGE, Code.NOT_RFC3339)


RANGES: list[tuple[str, str, list[Any], list[Any]]] = [
    (COOKED, "portions", [1, 100_000, 4.0, 1e2], [0, 100_001, 4.5, "4", True, 10**30]),
    (COOKED, "core_temp_c", [-60, 150, -0.0], [-60.01, 150.01, "1", 10**400]),
    (COOKED, "batch", ["x", "x" * 100], ["", "x" * 101, 5]),
    ("sppg.dispatch.departed", "batches", [[], ["x"] * 100], [["x"] * 101, [""], [5], "x"]),
    (DELIVERED, "portions", [0, 100_000], [-1, 100_001]),
    (EATEN, "eaten", [{}, {"balita": 0}], [{"all": 1}, {"sd": -1}, {"sd": 100_001}, []]),
    (EATEN, "leftover_g", [0, 10**7], [-1, 10**7 + 1]),
    (TEMPERATURE, "point", ["freezer", "hot_holding"], ["oven", "", 1]),
    ("sppg.food.tested", "test", ["organoleptic", "other"], ["salt"]),
    ("sppg.food.tested", "passed", [False], [0, "true"]),
    (INCIDENT, "severity", [1, 3], [0, 4]),
    (INCIDENT, "note", ["", "é" * 500], ["x" * 501]),
    (GROWTH, "child", ["a" * 32], ["A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "g" * 32]),
    (GROWTH, "age_days", [0, 1856], [-1, 1857]),
    (GROWTH, "weight_kg", [0.3, 60], [0.29, 60.1]),
    (GROWTH, "height_cm", [30, 150], [29.9, 150.1]),
    (GROWTH, "posture", ["standing"], ["sitting"]),
    ("clinic.immunization.given", "dose", [1, 20], [0, 21]),
    ("clinic.antenatal.visited", "visit", [1, 6], [0, 7]),
    ("clinic.antenatal.visited", "hb_g_dl", [2, 25], [1.9, 25.1]),
    (CASE, "age_years", [0, 120], [-1, 121]),
    (CASE, "outcome", ["died"], ["well"]),
    (CASE, "symptoms", [[]], [["x" * 101]]),
    (COOKED, "lots", [[], ["x"] * 100], [["x"] * 101, [""]]),
    (DELIVERED, "package", ["dry", "bundle"], ["", "frozen"]),
    (COUNTED, "cases", [1, 10_000], [0, 10_001]),
    (COUNTED, "inpatients", [0, 10_000], [-1, 10_001]),
    (COUNTED, "syndrome", ["diarrhoea", "other"], ["flu"]),
    (CHECKED_DELIVERY, "portions", [0, 100_000], [-1, 100_001]),
    (CHECKED_DELIVERY, "refused", [0, 100_000], [-1, 100_001]),
    (CHECKED_DELIVERY, "reasons", [[], ["short", "other"]], [["cold"], "short", ["late"] * 101]),
    (CHECKED_DELIVERY, "temp_c", [-60, 150], [-61, 151]),
    ("recipient.attendance.reported", "present", [{}, {"sd": 0}], [{"all": 1}, {"sd": -1}]),
    ("recipient.attendance.reported", "absent_ill", [0, 100_000], [-1, 100_001]),
    ("recipient.service.declined", "groups", [[], ["sd", "guru"]], [["all"], "sd"]),
    ("recipient.service.declined", "reason", ["holiday", "refused"], ["rain"]),
    (ILLNESS, "ill", [1, 10_000], [0, 10_001]),
    (INGREDIENT, "ready_to_eat", [False], [0, "no"]),
    (INGREDIENT, "lot", ["x" * 100], ["", "x" * 101]),
    (BEAT, "outbox", [0, 2**40], [-1, 2**63]),
    (BEAT, "battery_pct", [0, 100, 99.5], [-1, 100.5]),
]


@pytest.mark.parametrize(("type_", "name", "good", "bad"), RANGES)
def test_ranges(type_: str, name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert getattr(accepted(line(type_, data={name: value})).data, name) == value
    for value in bad:
        item = refused(line(type_, data={name: value}))
        assert item.code is Code.OUT_OF_RANGE, (value, item)


REFUSED: list[tuple[Code, bytes]] = [
    (Code.NOT_JSON, b"{"),
    (Code.NOT_JSON, b""),
    (Code.NOT_JSON, b" "),
    (Code.NOT_JSON, line(COOKED).replace(b"78.5", b"NaN")),
    (Code.NOT_JSON, line(COOKED).replace(b"B-1", b"\xff")),
    (Code.NOT_JSON, line(COOKED, extra="?").replace(b'"?"', b'"\xff"')),
    (Code.NOT_JSON, line(COOKED) + line(COOKED)),
    (Code.NOT_JSON, line(COOKED, extra=1).replace(b":1}", b":" + b"[" * 100_000)),
    (Code.NOT_JSON, b"[" * 100_000),
    (Code.NOT_AN_EVENT, b"[]"),
    (Code.NOT_AN_EVENT, b"1"),
    (Code.TOO_LARGE, line(COOKED, extra="x" * MAX_EVENT_BYTES)),
    (Code.TOO_LARGE, line(COOKED, extra="x" * MAX_EVENT_BYTES, data={"batch": ""})),
    (Code.UNKNOWN_TYPE, line("sppg.cooking.begun")),
    (Code.UNKNOWN_TYPE, line(COOKED, type=5)),
    (Code.MISSING_FIELD, b"{}"),
    (Code.MISSING_FIELD, line(COOKED, type=...)),
    (Code.MISSING_FIELD, line(COOKED, specversion=...)),
    (Code.MISSING_FIELD, line(COOKED, id=...)),
    (Code.MISSING_FIELD, line(COOKED, time=...)),
    (Code.MISSING_FIELD, line(COOKED, source=...)),
    (Code.MISSING_FIELD, line(COOKED, data=...)),
    (Code.MISSING_FIELD, line(EATEN, subject=...)),
    (Code.MISSING_FIELD, line(RETRACTED, supersedes=...)),
    (Code.UNKNOWN_FIELD, line(COOKED, data={"colour": "red"})),
    (Code.UNKNOWN_FIELD, line(COOKED, subject=SCHOOL)),
    (Code.OUT_OF_RANGE, line(COOKED, specversion="0.3")),
    (Code.OUT_OF_RANGE, line(COOKED, id="x" * 101)),
    (Code.OUT_OF_RANGE, line(COOKED, id="")),
    (Code.OUT_OF_RANGE, line(COOKED, data=[])),
    (Code.OUT_OF_RANGE, line(COOKED, supersedes=5)),
    (Code.NO_OFFSET, line(COOKED, time="2026-11-24T10:15:30")),
    (Code.NO_OFFSET, line(COOKED, recordedtime="2026-11-24T10:15:30.5")),
    (Code.NOT_RFC3339, line(COOKED, time="2026-11-24")),
    (Code.NOT_RFC3339, line(COOKED, time=1)),
    (Code.NOT_RFC3339, line(COOKED, receivedtime="now")),
    (Code.BAD_SOURCE, line(COOKED, source="32.11/sppg/x")),
    (Code.BAD_SOURCE, line(COOKED, source="/32.11/school/x")),
    (Code.BAD_SOURCE, line(COOKED, source="/32.11/sppg/x/y")),
    (Code.NIK, line(INCIDENT, data={"note": f"NIK {NIK}."})),
]


@pytest.mark.parametrize(("code", "raw"), REFUSED)
def test_refused_with_its_code_alone_and_in_a_record(code: Code, raw: bytes) -> None:
    item = refused(raw)
    assert item.code is code, item
    good = line(EATEN)
    first, middle, last = decode_lines(b"\n".join([good, raw, good]))
    assert middle == item
    assert first == last == decode_line(good)


@pytest.mark.parametrize("name", ["colour", "coreTempC", "Portions", "_X.y-2"])
def test_an_unknown_field_is_named_as_it_was_written(name: str) -> None:
    item = refused(line(COOKED, data={name: 1}))
    assert (item.code, item.detail) == (
        Code.UNKNOWN_FIELD,
        f"data.{name} is no field of this type",
    )


@pytest.mark.parametrize("name", ["Siti Aminah", "", "9x", "é", "x" * 41])
def test_a_name_that_no_field_could_have_is_not_repeated(name: str) -> None:
    item = refused(line(COOKED, data={name: 1}))
    assert (item.code, item.detail) == (
        Code.UNKNOWN_FIELD,
        "data.a name that is none is no field of this type",
    )


def test_unknown_attributes_are_kept_and_null_attributes_are_absent() -> None:
    made = accepted(
        line(
            COOKED,
            datacontenttype="application/json",
            traceparent={"a": [1]},
            subject=None,
            supersedes=None,
        )
    )
    assert made.subject is None
    assert made.supersedes is None


def test_derived_attributes_cannot_be_sent() -> None:
    assert (
        accepted(line(COOKED, **{"pantau.time_ms": 5, "pantau.received_ms": 6})).time_ms == TIME_MS
    )
    assert accepted(line(COOKED, **{"pantau.received_ms": 6})).received_ms is None


def test_the_limit_of_size_leaves_out_the_stamp() -> None:
    room = MAX_EVENT_BYTES - len(line(COOKED, extra=""))
    accepted(line(COOKED, extra="x" * room))
    accepted(line(COOKED, extra="x" * room, receivedtime=TIME))
    assert refused(line(COOKED, extra="x" * (room + 1), receivedtime=TIME)).code is Code.TOO_LARGE


def test_lines_keep_their_number() -> None:
    good = line(COOKED)
    assert len(decode_lines(good + b"\n")) == 1
    assert decode_lines(b"") == []
    codes = [
        getattr(item, "code", None) for item in decode_lines(good + b"\n\n" + good + b"\r\n" + good)
    ]
    assert codes == [None, Code.NOT_JSON, None, None]
    # Two events on one line, one over two lines: as many values as lines, yet no line is one.
    pretty = good.replace(b'"data":{', b'"data":\n{', 1)
    assert all(isinstance(item, Refusal) for item in decode_lines(good + good + b"\n" + pretty))


_VALUES = (line(COOKED), line(EATEN), line(EATEN, time="noon"), line(COOKED, extra=NIK))


@given(
    st.lists(
        st.sampled_from([*_VALUES, b"", b"{", b"\n", *(one + b"\n" for one in _VALUES)])
        | st.lists(st.sampled_from(_VALUES), max_size=3).map(b"\n".join)
        | st.binary(max_size=20),
        max_size=12,
    ),
    st.sampled_from((1, 1, 40)),
)
def test_records_read_together_are_as_each_alone(values: list[bytes], times: int) -> None:
    values *= times
    assert list(decode_records(values)) == [decode_lines(value) for value in values]


def test_effective_received() -> None:
    assert effective_received(None, 500_000) == 500_000
    assert effective_received(380_000, 500_000) == 380_000
    assert effective_received(500_000, 500_000) == 500_000
    assert effective_received(379_999, 500_000) == 500_000
    assert effective_received(500_001, 500_000) == 500_000


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300))
def test_no_bytes_raise(value: bytes) -> None:
    assert len(decode_lines(value)) == len(value.split(b"\n")) - (
        value.endswith(b"\n") or not value
    )
    decode_line(value)


@given(st.sampled_from(sorted(TYPES)), st.data())
def test_no_json_raises_and_records_agree_with_lines(type_: str, data: st.DataObject) -> None:
    made = event(type_)
    place = data.draw(st.sampled_from([made, made["data"]]))
    place[data.draw(st.sampled_from(sorted(place)) | st.text())] = data.draw(_JSON)
    raw = json.dumps(made, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    assert decode_lines(raw + b"\n" + line(EATEN)) == [decode_line(raw), decode_line(line(EATEN))]


@given(st.floats(-60, 150))
def test_numbers_survive(temperature: float) -> None:
    made: Any = accepted(line(COOKED, data={"core_temp_c": temperature}))
    assert math.isclose(made.data.core_temp_c, temperature, rel_tol=0, abs_tol=0)


def test_a_line_that_is_too_large_is_refused_without_reading_it_as_objects() -> None:
    strings = b",".join([b'"a1"'] * 800_000)
    big = b'{"id":"big","source":"/32.11/sppg/X","x":[' + strings + b"]}"
    tracemalloc.start()
    found = decode_line(big)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Refusal)
    assert (found.code, found.id, found.source) == (Code.TOO_LARGE, "big", "/32.11/sppg/X")
    assert len(found.line) < 70_000
    assert peak < 3 * len(big), "objects of 800,000 strings take ten times as much"


def test_a_nik_at_the_cut_of_a_large_line_is_redacted_as_a_whole() -> None:
    for shift in range(20):
        line = b'{"x":"' + b" " * (MAX_EVENT_BYTES - 20 + shift) + b"3211081505900001 " + b"y" * 900
        found = decode_line(line)
        assert isinstance(found, Refusal)
        assert b"32110" not in found.line[:MAX_EVENT_BYTES]


def test_bytes_as_data_base64_are_told_what_is_wanted() -> None:
    found = decode_line(line("unit.heartbeat", data=..., data_base64="eyJ9"))
    assert isinstance(found, Refusal)
    assert found.code is Code.MISSING_FIELD
    assert "JSON object" in found.detail and "data_base64" in found.detail
