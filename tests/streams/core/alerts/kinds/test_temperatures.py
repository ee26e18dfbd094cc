"""`temperature`: readings out of range in a row, in whatever order they come."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.alerts.kinds.temperatures import OutReading, SensorLog, Temperatures
from tests.examples import KITCHEN
from tests.streams.alert_day import AlertDay, at

READING = "sppg.temperature.measured"
MINUTE = 60_000


def read(day: AlertDay, when: str, celsius: float, received: str = "", **more: str) -> str:
    return day.post(when, READING, received, temp_c=celsius, **more)


def test_two_in_a_row_over_ten_minutes_until_the_first_in_range() -> None:
    day = AlertDay()
    for when, celsius in (("05:00", 4), ("05:05", 8), ("05:14", 8.5), ("05:15", 9), ("05:20", 5)):
        read(day, when, celsius)
    day.pass_to("06:00")
    assert day.told("temperature") == [("raised", "05:15"), ("in_range", "05:20")]
    row = day.history("temperature")[0]
    assert (row["unit_id"], row["subject"]) == (KITCHEN, "chiller/ch-1")
    assert row["evidence"]["highest_c"] == 9
    assert row["evidence"]["minutes_at_least"] == 10


@pytest.mark.parametrize(
    "readings",
    [
        [("05:00", 8), ("05:09", 8)],
        [("05:00", 8), ("05:06", 4), ("05:12", 8)],
    ],
)
def test_less_than_that_raises_nothing(readings: list[tuple[str, float]]) -> None:
    day = AlertDay()
    for when, celsius in readings:
        read(day, when, celsius)
    day.pass_to("06:00")
    assert day.told("temperature") == []


def test_sensors_and_points_are_apart() -> None:
    day = AlertDay()
    read(day, "05:00", 8)
    read(day, "05:11", 8, sensor="ch-2")
    read(day, "05:11", 8, point="hot_holding")
    day.pass_to("06:00")
    assert day.told("temperature") == []


def test_a_device_that_was_offline_tells_of_it_late() -> None:
    """Its readings come at once: raised and over in one moment, and the next time is another alert."""
    day = AlertDay()
    for when, celsius in (("05:00", 8), ("05:15", 8), ("05:30", 4)):
        read(day, when, celsius, received="09:00")
    read(day, "09:30", 7)
    read(day, "09:45", 7)
    day.pass_to("10:00")
    assert day.told("temperature") == [
        *(("raised", "09:00"), ("in_range", "09:00"), ("raised", "09:45")),
    ]
    assert len({row["id"] for row in day.history("temperature")}) == 2


def test_a_retracted_reading_ends_it() -> None:
    day = AlertDay()
    read(day, "05:00", 8)
    wrong = read(day, "05:15", 80)
    day.post("05:30", "event.retracted", supersedes=wrong, reason="sensor")
    day.pass_to("06:00")
    assert [row["state"] for row in day.history("temperature")] == ["raised", "resolved"]


def test_a_take_over_in_the_middle_changes_nothing() -> None:
    day = AlertDay()
    read(day, "05:00", 8)
    day.pass_to("05:05")
    day.crash()
    read(day, "05:15", 8)
    day.pass_to("05:16")
    day.crash()
    read(day, "05:20", 4)
    day.pass_to("06:00")
    assert day.told("temperature") == [("raised", "05:15"), ("in_range", "05:20")]


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=40), st.randoms())
def test_rows_are_those_of_the_readings_in_order(
    drawn: list[tuple[int, bool]], order: random.Random
) -> None:
    """Against a plain list, for rows of ten minutes or more: the stretches lose nothing that matters."""
    readings = sorted(dict(drawn).items())
    wanted, row = [], list[int]()
    for minute, wrong in [*readings, (1_000, False)]:
        if wrong:
            row.append(minute)
        elif row:
            if row[-1] - row[0] >= 10:
                wanted.append(row)
            row = []
    order.shuffle(readings)
    log = SensorLog([], [])
    for minute, wrong in readings:
        if wrong:
            log.add_out(OutReading(minute * MINUTE, str(minute), 9.0))
        else:
            log.add_in_range(minute * MINUTE, 10 * MINUTE)
    found = [[one.time // MINUTE for one in row] for row, _ in log.rows()]
    assert [one for one in found if one[-1] - one[0] >= 10] == wanted


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=40))
def test_rows_at_a_time_are_those_of_all_rows_that_have_a_reading_of_it(
    drawn: list[tuple[int, bool]],
) -> None:
    log = SensorLog([], [])
    for number, (minute, wrong) in enumerate(drawn):
        if wrong:
            log.add_out(OutReading(minute, str(number), 9.0))
        else:
            log.add_in_range(minute, 10)
    rows = list(log.rows())
    for minute in range(91):
        wanted = [found for found in rows if any(one.time == minute for one in found[0])]
        assert list(log.rows_at(minute)) == wanted


def test_a_log_of_a_former_version_has_the_same_rows() -> None:
    """It stored stretches in others, where something out of range came between."""
    out = [OutReading(minute * MINUTE, str(minute), 9.0) for minute in (1, 2, 30, 50)]
    stored = SensorLog(
        [(3 * MINUTE, 29 * MINUTE), (5 * MINUTE, 6 * MINUTE), (3 * MINUTE, 4 * MINUTE)], out
    )
    temperatures = Temperatures()
    temperatures.restore({"K/chiller/1": stored})
    log = temperatures.logs["K/chiller/1"]
    assert log.stretches == [(3 * MINUTE, 29 * MINUTE)]
    assert [[one.id for one in row] for row, _ in log.rows()] == [["1", "2"], ["30", "50"]]


def test_times_are_local() -> None:
    assert at("07:00") % 86_400_000 == 0
