"""`unit_silent` within the hours of a unit; many units at once are one matter."""

from __future__ import annotations

import msgspec

from contracts.registry.entities import CalendarRow
from tests.examples import CLINIC, KITCHEN
from tests.registry_small import SMALL, recipient, unit
from tests.streams.alert_day import TUESDAY, AlertDay

SILENT = "unit_silent"


def test_silent_for_a_quarter_of_an_hour_until_it_is_heard() -> None:
    day = AlertDay()
    day.alive(KITCHEN, "04:00", "08:00")
    day.alive(KITCHEN, "09:00", "15:50")
    day.pass_to("+1 01:00")
    assert day.told(SILENT, KITCHEN) == [("raised", "08:15"), ("heard", "09:00")]


def test_a_unit_never_heard_of_is_silent_from_its_opening_to_its_closing() -> None:
    day = AlertDay()
    day.pass_to("+1 01:00")
    assert day.told(SILENT, CLINIC) == [("raised", "04:15"), ("closed", "16:00")]


def test_the_next_day_is_another_alert() -> None:
    day = AlertDay()
    day.pass_to("+1 05:00")
    assert len({row["id"] for row in day.history(SILENT, KITCHEN)}) == 2


def test_what_was_received_while_closed_is_no_word_for_the_hours() -> None:
    day = AlertDay()
    day.alive(KITCHEN, "03:00", "03:50")
    day.pass_to("05:00")
    assert day.told(SILENT, KITCHEN) == [("raised", "04:15")]


def test_no_service_no_silence() -> None:
    holiday = CalendarRow(TUESDAY, TUESDAY, "", (), False, "libur")
    day = AlertDay(registry=msgspec.structs.replace(SMALL, calendar=(holiday,)))
    day.pass_to("12:00")
    assert day.told(SILENT) == []


def test_a_kitchen_that_works_over_midnight() -> None:
    """Open from 22:00 for the meals of the day after; its window holds over midnight and over a take-over."""
    night = msgspec.structs.replace(unit(KITCHEN), opens=22 * 60, closes=13 * 60)
    day = AlertDay("03:00", msgspec.structs.replace(SMALL, units=(night, *SMALL.units[1:])))
    day.alive(KITCHEN, "03:00", "12:50")
    day.alive(KITCHEN, "22:00", "+1 02:00")
    day.pass_to("21:00")
    assert day.told(SILENT, KITCHEN) == []
    day.pass_to("+1 02:05")
    day.crash()
    day.pass_to("+1 14:00")
    assert day.told(SILENT, KITCHEN) == [("raised", "02:15"), ("closed", "13:00")]


def many(count: int) -> AlertDay:
    kitchens = tuple(unit(f"SPPG-3211-{number:04}") for number in range(1, count + 1))
    schools = tuple(recipient(f"npsn:{number}", one.unit_id) for number, one in enumerate(kitchens))
    return AlertDay(registry=msgspec.structs.replace(SMALL, units=kitchens, recipients=schools))


def two_shifts(early: int, late: int, late_opens: int, late_closes: int) -> AlertDay:
    """Kitchens open from 04:00 to 16:00, and some at other minutes of the day."""
    count = early + late
    names = [f"SPPG-3211-{number:04}" for number in range(1, count + 1)]
    hours = [(240, 960)] * early + [(late_opens, late_closes)] * late
    kitchens = tuple(
        msgspec.structs.replace(unit(name), opens=opens, closes=closes)
        for name, (opens, closes) in zip(names, hours, strict=True)
    )
    schools = tuple(recipient(f"npsn:{number}", name) for number, name in enumerate(names))
    return AlertDay(registry=msgspec.structs.replace(SMALL, units=kitchens, recipients=schools))


def test_units_that_close_make_no_network_of_those_that_close_with_them() -> None:
    """Ten of forty are silent: they are no half of those on duty, nor do they become it while all of their shift go home."""
    day = two_shifts(25, 15, 240, 1080)
    for number in (*range(1, 16), *range(26, 41)):
        day.alive(f"SPPG-3211-{number:04}", "04:00", "17:50")
    day.pass_to("+1 00:30")
    assert len({row["unit_id"] for row in day.history(SILENT)}) == 10
    assert day.told(SILENT, "network") == []


def test_more_units_on_duty_end_the_matter_of_many() -> None:
    day = two_shifts(12, 30, 420, 960)
    for number in range(13, 43):
        day.alive(f"SPPG-3211-{number:04}", "07:03", "15:50")
    day.pass_to("09:00")
    assert day.told(SILENT, "network") == [("raised", "04:15"), ("heard", "07:00")]


def test_many_at_once_are_one_line_about_the_network() -> None:
    day = many(30)
    for number in range(1, 31):
        day.alive(f"SPPG-3211-{number:04}", "04:00", "08:00")
        day.alive(f"SPPG-3211-{number:04}", "09:00", "15:50")
    day.pass_to("10:30")
    assert day.told(SILENT, "network") == [("raised", "08:15"), ("heard", "09:00")]
    (network, _) = day.history(SILENT, "network")
    assert (network["unit_id"], network["severity"]) == ("", 3)
    members = {row["id"]: row for row in day.history(SILENT) if row["unit_id"]}
    assert len(members) == 30
    assert {row["evidence"]["part_of"] for row in members.values()} == {network["id"]}


def test_nine_of_thirty_are_nine() -> None:
    day = many(30)
    for number in range(10, 31):
        day.alive(f"SPPG-3211-{number:04}", "04:00", "15:50")
    day.pass_to("06:00")
    assert day.told(SILENT, "network") == []
    assert len(day.told(SILENT)) == 9
