"""`delivery_late` and `shortfall` of a school that eats at 10:00 and has 314 registered."""

from __future__ import annotations

import msgspec
import pytest

from contracts.registry.entities import CalendarRow
from tests.examples import KITCHEN, SCHOOL
from tests.registry_small import SMALL
from tests.streams.alert_day import TUESDAY, AlertDay

LATE = "delivery_late"
SHORT = "shortfall"
DELIVERY = "sppg.delivery.received"


def of_school(day: AlertDay, kind: str) -> list[tuple[str, str]]:
    return day.told(kind, SCHOOL)


def morning() -> AlertDay:
    """The kitchen is heard of all day."""
    day = AlertDay()
    day.alive(KITCHEN, "04:00", "15:50")
    return day


def deliver(day: AlertDay, when: str, portions: int, received: str = "", **more: str) -> str:
    return day.post(
        when, DELIVERY, received, subject=SCHOOL, portions=portions, cooked_at=..., package="dry", **more
    )  # fmt: skip


def test_a_delivery_in_time_raises_nothing() -> None:
    day = morning()
    deliver(day, "09:59", 300)
    day.pass_to("+1 01:00")
    assert of_school(day, LATE) == of_school(day, SHORT) == []


def test_nothing_by_the_meal_time_is_late_until_it_comes() -> None:
    day = morning()
    deliver(day, "10:20", 314)
    day.pass_to("10:19")
    assert of_school(day, LATE) == [("raised", "10:00")]
    (row,) = day.history(LATE, SCHOOL)
    assert (row["unit_id"], row["severity"]) == (KITCHEN, 2)
    assert row["evidence"]["registered"] == 314
    day.pass_to("11:00")
    assert of_school(day, LATE) == [("raised", "10:00"), ("received", "10:20")]
    assert of_school(day, SHORT) == []


def test_late_then_short_is_one_alert_at_a_time() -> None:
    """While nothing has come there is no shortfall beside it; what comes too little is short."""
    day = morning()
    deliver(day, "10:50", 100)
    deliver(day, "11:10", 200)
    day.pass_to("10:45")
    assert of_school(day, SHORT) == []
    day.pass_to("12:00")
    assert of_school(day, LATE) == [("raised", "10:00"), ("received", "10:50")]
    assert of_school(day, SHORT) == [("raised", "10:50"), ("received", "11:10")]


def test_both_end_with_the_day() -> None:
    day = morning()
    deliver(day, "09:00", 282)  # 89.8 %
    day.pass_to("+1 02:00")
    assert of_school(day, SHORT) == [("raised", "10:30"), ("day_ended", "00:00")]


def test_what_was_delivered_in_time_and_reported_late_says_so() -> None:
    day = morning()
    deliver(day, "09:40", 314, received="10:25")
    day.pass_to("11:00")
    assert of_school(day, LATE) == [("raised", "10:00"), ("reported_late", "10:25")]


def test_a_retracted_delivery_raises_it_again_by_the_same_id() -> None:
    day = morning()
    first = deliver(day, "10:20", 314)
    day.post("10:40", "event.retracted", supersedes=first, reason="salah")
    day.pass_to("11:00")
    rows = day.history(LATE, SCHOOL)
    assert of_school(day, LATE)[1:] == [("received", "10:20"), ("raised", "10:40")]
    assert len({row["id"] for row in rows}) == 1


def test_a_correction_to_fewer_portions_is_short() -> None:
    day = morning()
    first = deliver(day, "09:00", 314)
    deliver(day, "09:00", 31, received="11:00", supersedes=first)
    day.pass_to("12:00")
    assert of_school(day, SHORT) == [("raised", "11:00")]


def test_a_correction_is_one_step_and_raises_nothing_in_between() -> None:
    day = morning()
    first = deliver(day, "09:00", 300)
    deliver(day, "09:00", 310, received="10:40", supersedes=first)
    day.pass_to("11:00")
    assert of_school(day, LATE) == of_school(day, SHORT) == []


@pytest.mark.parametrize(
    "row",
    [
        CalendarRow(TUESDAY, TUESDAY, "", (), False, "libur"),
        CalendarRow(TUESDAY, TUESDAY, SCHOOL, (), False, "ujian"),
        CalendarRow(TUESDAY, TUESDAY, KITCHEN, ("sd", "guru"), False, "dapur"),
    ],
)
def test_the_calendar_is_respected(row: CalendarRow) -> None:
    day = AlertDay(registry=msgspec.structs.replace(SMALL, calendar=(row,)))
    day.alive(KITCHEN, "04:00", "15:50")
    day.pass_to("12:00")
    assert of_school(day, LATE) == of_school(day, SHORT) == []


def test_a_declined_day_is_no_late_day() -> None:
    day = morning()
    day.post("09:00", "recipient.service.declined", groups=[], reason="trip")
    day.pass_to("12:00")
    assert of_school(day, LATE) == []


def test_declined_after_the_meal_time_resolves_it_with_that_reason() -> None:
    day = morning()
    day.post("10:10", "recipient.service.declined", groups=[], reason="closed")
    day.pass_to("12:00")
    assert of_school(day, LATE) == [("raised", "10:00"), ("declined", "10:10")]


def test_declined_groups_are_not_expected() -> None:
    day = morning()
    day.post("08:00", "recipient.service.declined", groups=["sd"], reason="exam")
    deliver(day, "09:00", 14)
    day.pass_to("12:00")
    assert of_school(day, LATE) == of_school(day, SHORT) == []


def test_a_silent_kitchen_is_told_apart_from_one_that_delivers_nothing() -> None:
    day = AlertDay()
    day.pass_to("10:05")
    (row,) = day.history(LATE, SCHOOL)
    (silence,) = day.history("unit_silent", KITCHEN)
    assert row["evidence"]["part_of"] == silence["id"]
    assert row["severity"] == 1


def test_nothing_is_late_that_was_due_before_the_region_was_known() -> None:
    day = AlertDay(begins="10:10")
    day.pass_to("13:00")
    assert day.told(LATE) == day.told(SHORT) == []
