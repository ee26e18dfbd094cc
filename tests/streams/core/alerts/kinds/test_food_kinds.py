"""What is known of food: over_4h, unsafe_batch, old_food, food_refused, over_capacity, certificate."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.commands import Acknowledge
from streams.core.alerts.alert import AlertCause
from streams.core.alerts.alert_kind import AlertRegion
from streams.core.alerts.kinds.food_batches import FoodBatches
from streams.core.watched_event import WatchedEvent
from tests.examples import KITCHEN, SCHOOL
from tests.registry_small import SMALL, unit
from tests.streams.alert_day import TUESDAY, AlertDay

DELIVERY = "sppg.delivery.received"
OTHER_SCHOOL = "npsn:20208124"


def cooked(hhmm: str) -> str:
    return f"2026-11-24T{hhmm}:00+07:00"


def acknowledge(day: AlertDay, when: str, row: dict[str, str], until_ms: int | None = None) -> None:
    said = Acknowledge(
        id=f"c-{when}", region="32.11", alert_id=row["id"], by="dewi", note="ya", until_ms=until_ms
    )
    day.command(when, said)


# --- over_4h --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cooked_at", "severity"), [("06:00", None), ("05:59", 2), ("03:59", 3)])
def test_a_fresh_delivery_over_four_hours_after_cooking(
    cooked_at: str, severity: int | None
) -> None:
    day = AlertDay()
    day.post("10:00", DELIVERY, subject=SCHOOL, cooked_at=cooked(cooked_at))
    day.pass_to("10:30")
    assert [row["severity"] for row in day.history("over_4h")] == ([severity] if severity else [])


def test_packs_that_keep_have_no_four_hours() -> None:
    day = AlertDay()
    day.post("10:00", DELIVERY, subject=SCHOOL, cooked_at=cooked("01:00"), package="dry")
    day.pass_to("10:30")
    assert day.history("over_4h") == day.history("old_food") == []


def test_it_ends_when_somebody_has_taken_note() -> None:
    day = AlertDay()
    identity = day.post("10:00", DELIVERY, subject=SCHOOL, cooked_at=cooked("05:00"))
    day.pass_to("10:30")
    (row,) = day.history("over_4h", SCHOOL)
    assert row["evidence"]["events"] == [identity]
    assert row["evidence"]["minutes"] == 300
    assert row["evidence"]["rule"] == {"over_min": 240, "siaga_over_min": 360}
    acknowledge(day, "10:31", row)
    assert day.told("over_4h")[1:] == [("acknowledged", "10:31"), ("acknowledged", "10:31")]
    last = day.history("over_4h")[-1]
    assert (last["state"], last["resolution"], last["acknowledged_by"]) == (
        "resolved",
        "acknowledged",
        "dewi",
    )
    assert day.on_wall("over_4h")[0]["state"] == "resolved"
    day.pass_to("10:42")
    assert day.on_wall("over_4h") == []


def test_a_correction_ends_it_with_that_reason_and_a_second_one_raises_it_again() -> None:
    day = AlertDay()
    first = day.post("10:00", DELIVERY, subject=SCHOOL, cooked_at=cooked("05:00"))
    second = day.post(
        "10:00", DELIVERY, "10:20", subject=SCHOOL, cooked_at=cooked("08:00"), supersedes=first,
        recordedtime="2026-11-24T10:20:00+07:00",
    )  # fmt: skip
    day.post(
        "10:00", DELIVERY, "10:40", subject=SCHOOL, cooked_at=cooked("05:10"), supersedes=second,
        recordedtime="2026-11-24T10:40:00+07:00",
    )  # fmt: skip
    day.pass_to("11:00")
    assert day.told("over_4h") == [("raised", "10:00"), ("corrected", "10:20"), ("raised", "10:40")]
    assert len({row["id"] for row in day.history("over_4h")}) == 1


def test_a_batch_that_is_late_at_many_schools_is_one_matter() -> None:
    day = AlertDay()
    day.post("10:00", DELIVERY, subject=SCHOOL, cooked_at=cooked("05:00"))
    day.post("10:10", DELIVERY, subject=OTHER_SCHOOL, cooked_at=cooked("05:00"))
    day.post("10:20", DELIVERY, subject=SCHOOL, cooked_at=cooked("05:00"), batch="B-2")
    day.pass_to("10:30")
    first, second, third = day.history("over_4h")
    assert second["evidence"]["part_of"] == first["id"]
    assert "part_of" not in first["evidence"] | third["evidence"]


# --- unsafe_batch ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test_first", [True, False])
def test_a_failed_test_and_a_dispatch_in_either_order(test_first: bool) -> None:
    day = AlertDay()
    times = ("08:00", "09:00") if test_first else ("09:00", "08:00")
    day.post(times[0], "sppg.food.tested", passed=False)
    day.post(times[1], "sppg.dispatch.departed")
    day.pass_to("09:30")
    assert day.told("unsafe_batch") == [("raised", "09:00")]
    (row,) = day.history("unsafe_batch")
    assert (row["unit_id"], row["subject"], row["severity"]) == (KITCHEN, "B-1", 3)


def test_a_test_that_passed_and_one_of_yesterdays_batch_of_that_name_raise_nothing() -> None:
    day = AlertDay()
    day.post("05:00", "sppg.food.tested", passed=False)
    day.post("06:00", "sppg.food.tested", passed=True)
    day.post("+1 06:00", "sppg.dispatch.departed")
    day.pass_to("+1 07:00")
    assert day.told("unsafe_batch") == []


def test_of_two_failed_tests_one_is_taken_back_and_the_other_stands() -> None:
    day = AlertDay()
    day.post("07:00", "sppg.dispatch.departed")
    wrong = day.post("08:00", "sppg.food.tested", passed=False)
    day.post("08:30", "sppg.food.tested", passed=False)
    day.post("09:00", "event.retracted", supersedes=wrong, reason="salah")
    day.pass_to("09:30")
    (*_, last) = day.history("unsafe_batch")
    assert (last["state"], last["evidence"]["tested_at"]) == ("raised", "2026-11-24T01:30:00Z")


def test_who_gets_it_later_is_added_and_is_told_again_after_a_note_was_taken() -> None:
    day = AlertDay()
    day.post("08:00", "sppg.food.tested", passed=False)
    day.post("09:00", DELIVERY, subject=SCHOOL, cooked_at=..., package="dry")
    day.pass_to("09:30")
    (row,) = day.history("unsafe_batch")
    acknowledge(day, "09:33", row)
    day.post("09:50", DELIVERY, subject=OTHER_SCHOOL, cooked_at=..., package="dry")
    day.pass_to("10:00")
    assert [one["state"] for one in day.history("unsafe_batch")] == [
        *("raised", "acknowledged", "resolved", "raised"),
    ]
    assert day.history("unsafe_batch")[-1]["evidence"]["recipients"] == [SCHOOL, OTHER_SCHOOL]


# --- old_food -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("made", "raised"), [("04:00", []), ("03:59", [("raised", "04:00")])])
def test_a_ready_lot_over_a_day_old_is_cooked(made: str, raised: list[tuple[str, str]]) -> None:
    day = AlertDay()
    day.post("03:30", "sppg.ingredient.received", made_at=f"2026-11-23T{made}:00+07:00")
    day.post("04:00", "sppg.cooking.finished")
    day.pass_to("05:00")
    assert day.told("old_food", "L-1") == raised


def test_a_ready_lot_that_grows_old_on_the_way() -> None:
    day = AlertDay()
    day.post("03:30", "sppg.ingredient.received", made_at="2026-11-23T08:00:00+07:00")
    day.post("04:00", "sppg.cooking.finished")
    day.post("08:30", DELIVERY, subject=SCHOOL, cooked_at=..., package="dry")
    day.pass_to("09:00")
    (row,) = day.history("old_food", "L-1")
    assert (row["severity"], row["evidence"]["recipients"]) == (3, [SCHOOL])


def test_a_lot_that_is_reported_after_the_cooking() -> None:
    day = AlertDay()
    day.post("04:00", "sppg.cooking.finished")
    day.post("04:10", "sppg.ingredient.received", made_at="2026-11-22T08:00:00+07:00")
    day.post("04:10", "sppg.ingredient.received", lot="L-2", ready_to_eat=False)
    day.pass_to("05:00")
    assert day.told("old_food") == [("raised", "04:10")]


def test_a_meal_of_last_evening_is_old_and_its_four_hours_are_part_of_that() -> None:
    day = AlertDay()
    day.post("10:00", DELIVERY, subject=SCHOOL, cooked_at="2026-11-23T21:00:00+07:00")
    day.pass_to("10:30")
    (old,), (long,) = day.history("old_food"), day.history("over_4h")
    assert long["evidence"]["part_of"] == old["id"]


# --- food_refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "raised"),
    [
        ({"refused": 12, "reasons": ["smell"], "senses_passed": True}, True),
        ({"refused": 0, "reasons": [], "senses_passed": False}, True),
        ({"refused": 12, "reasons": ["late", "short"], "senses_passed": True}, False),
    ],
)
def test_refused_food_names_who_else_got_it(data: dict[str, Any], raised: bool) -> None:
    day = AlertDay()
    day.post("09:00", DELIVERY, subject=SCHOOL, cooked_at=..., package="dry")
    day.post("09:20", "recipient.delivery.checked", **data)
    day.post(
        "09:10", DELIVERY, "09:40", subject=OTHER_SCHOOL, trip="T-2", cooked_at=..., package="dry"
    )
    day.pass_to("10:00")
    rows = day.history("food_refused", SCHOOL)
    assert bool(rows) == raised
    if raised:
        assert rows[0]["evidence"]["other_recipients"] == []
        assert rows[-1]["evidence"]["other_recipients"] == [OTHER_SCHOOL]
        assert rows[-1]["severity"] == 3


# --- over_capacity --------------------------------------------------------------------------------------------------------


def test_more_than_the_capacity_of_a_day_until_it_ends() -> None:
    day = AlertDay()
    day.post("05:00", "sppg.cooking.finished", portions=3000)
    day.post("06:00", "sppg.cooking.finished", portions=1)
    day.pass_to("+1 00:30")
    assert day.told("over_capacity") == [("raised", "06:00"), ("day_ended", "00:00")]


def test_a_day_that_is_reported_when_it_is_over() -> None:
    day = AlertDay(begins="-1 03:00")
    day.post("-1 06:00", "sppg.cooking.finished", "08:00", portions=3100)
    day.pass_to("09:00")
    assert day.told("over_capacity") == [("raised", "08:00"), ("day_ended", "08:00")]


# --- certificate ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "severity"),
    [(None, 2), (TUESDAY - 1, 2), (TUESDAY, 1), (TUESDAY + 29, 1), (TUESDAY + 30, None)],
)
def test_a_certificate_that_is_missing_over_or_about_to_end(
    until: int | None, severity: int | None
) -> None:
    one = msgspec.structs.replace(unit(KITCHEN), slhs_valid_until=until)
    day = AlertDay(registry=msgspec.structs.replace(SMALL, units=(one, *SMALL.units[1:])))
    day.pass_to("04:00")
    found = [row["severity"] for row in day.history("certificate", KITCHEN)]
    assert found == ([] if severity is None else [severity])


def test_it_ends_when_a_new_one_is_in_force() -> None:
    renewed = msgspec.structs.replace(
        unit(KITCHEN), slhs_valid_until=TUESDAY + 400, valid_from=TUESDAY + 1
    )
    day = AlertDay(registry=msgspec.structs.replace(SMALL, units=(*SMALL.units, renewed)))
    day.pass_to("+1 01:00")
    assert day.told("certificate", KITCHEN) == [("raised", "03:00"), ("valid", "00:00")]


def test_a_lot_that_a_cooking_report_names_many_times_is_judged_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged: list[str] = []
    judge = FoodBatches._old_lot

    def count(
        kind: FoodBatches, region: AlertRegion, event: WatchedEvent, lot: str
    ) -> AlertCause | None:
        judged.append(lot)
        return judge(kind, region, event, lot)

    monkeypatch.setattr(FoodBatches, "_old_lot", count)
    day = AlertDay()
    day.post("05:00", "sppg.cooking.finished", portions=100, lots=["L-1"] * 19 + ["L-2"])
    day.pass_to("05:30")
    assert judged == ["L-1", "L-2"]
