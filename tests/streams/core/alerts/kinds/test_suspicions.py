"""`foodborne_cluster` and `illness_reported` as alerts, from events of kitchens, recipients and clinics."""

from __future__ import annotations

import pytest

from contracts.commands import Assess
from contracts.time.instant import rfc3339
from streams.core.alerts.cluster.evidence.finding_store import FindingStore
from streams.core.alerts.cluster.evidence.findings import ClusterAssessed
from streams.core.state_format import unmarked
from tests.examples import KITCHEN, SCHOOL
from tests.streams.alert_day import AlertDay, at

CLUSTER = "foodborne_cluster"
ILLNESS = "illness_reported"


def case(day: AlertDay, number: int, when: str, subject: str = SCHOOL) -> str:
    """A patient who fell ill at 12:00."""
    return day.post(
        when, "clinic.case.reported", subject=subject, patient=f"{number + 10:031x}a",
        onset="2026-11-24T12:00:00+07:00", ate_at=...,
    )  # fmt: skip


def outbreak(cases: int = 6) -> tuple[AlertDay, list[str]]:
    """Six pupils of a school of 300, from 13:00 on, a minute apart."""
    day = AlertDay()
    day.post(
        "09:00", "sppg.delivery.received", subject=SCHOOL, cooked_at="2026-11-24T07:00:00+07:00"
    )
    return day, [case(day, number, f"13:{number:02}") for number in range(cases)]


def test_cases_after_one_kitchens_meal_are_a_suspicion_that_grows() -> None:
    day, cases = outbreak()
    day.pass_to("14:00")
    rows = day.history(CLUSTER, KITCHEN)
    severities = [row["severity"] for row in rows]
    assert severities == sorted(severities)
    assert severities[-1] == 3
    assert rows[-1]["evidence"]["people"] == 6
    assert rows[-1]["evidence"]["events"] == cases
    assert {row["id"] for row in rows} == {rows[0]["id"]}
    assert day.history(CLUSTER) == rows, "no other kitchen is suspected"


def test_one_case_is_none() -> None:
    day, _ = outbreak(1)
    day.pass_to("15:00")
    assert day.told(CLUSTER) == []


def test_take_overs_between_the_cases_change_nothing() -> None:
    calm, _ = outbreak()
    calm.pass_to("14:00")
    day = AlertDay()
    day.post(
        "09:00", "sppg.delivery.received", subject=SCHOOL, cooked_at="2026-11-24T07:00:00+07:00"
    )
    for number in range(6):
        case(day, number, f"13:{number:02}")
        day.pass_to(f"13:{number:02}")
        day.crash()
    day.pass_to("14:00")
    assert day.history(CLUSTER) == calm.history(CLUSTER)


def test_it_ends_when_no_case_came_for_three_days() -> None:
    day, _ = outbreak()
    day.pass_to("+1 02:00")
    day.crash()
    day.pass_to("+3 13:04")
    assert day.history(CLUSTER)[-1]["state"] == "raised"
    day.pass_to("+3 13:10")
    assert day.told(CLUSTER)[-1] == ("no_new_case", "13:05")


def test_retracted_cases_end_it_with_that_reason() -> None:
    day, cases = outbreak()
    for number, identity in enumerate(cases):
        day.post(
            f"14:{number:02}",
            "event.retracted",
            supersedes=identity,
            reason="salah",
            source="/32.11/clinic/PKM-3211-0007",
        )
    day.pass_to("15:00")
    assert day.told(CLUSTER)[-1][0] == "corrected"


def test_the_health_office_assesses_it() -> None:
    day, _ = outbreak()
    day.pass_to("14:00")
    row = day.history(CLUSTER)[-1]
    said = Assess(
        id="a1", region="32.11", alert_id=row["id"], by="rina", note="lab", assessment="verified"
    )
    day.command("14:02", said)
    last = day.history(CLUSTER)[-1]
    assert (last["state"], last["assessment"], last["assessed_by"], last["note"]) == (
        *("raised", "verified", "rina", "lab"),
    )
    day.crash()
    day.pass_to("15:00")
    assert day.history(CLUSTER)[-1]["assessment"] == "verified"


@pytest.mark.parametrize("taken_over", [False, True])
def test_it_is_assessed_days_after_it_is_over_and_stays_off_the_wall(taken_over: bool) -> None:
    day, _ = outbreak()
    day.pass_to("+3 13:30")
    over = day.history(CLUSTER)[-1]
    assert (over["state"], day.on_wall(CLUSTER)) == ("resolved", [])
    day.pass_to("+9 08:00")
    if taken_over:
        day.crash()
    word = Assess(
        id="a1", region="32.11", alert_id=over["id"], by="rina", note="lab", assessment="discarded"
    )
    day.command("+9 08:02", word)
    last = day.history(CLUSTER)[-1]
    assert last == over | {
        "assessment": "discarded",
        "assessed_by": "rina",
        "assessed_at": rfc3339(at("+9 08:02")),
        "note": "lab",
        "revision": last["revision"],
        "updated_at": last["updated_at"],
    }
    assert day.on_wall(CLUSTER) == []
    day.pass_to("+9 09:00")
    assert day.on_wall(CLUSTER) == []
    assert assessed(day) == [(KITCHEN, "discarded", 6.0)]


def assessed(day: AlertDay) -> list[tuple[str, str, float]]:
    """What the statistics know from the health office: kitchen, outcome, people."""
    store = FindingStore()
    state = day.plant.region_state.items()
    store.restore(unmarked(key, value) for key, value in state if b"/cluster/" in key)
    return [
        (kitchen, one.outcome, one.people)
        for kitchen, chunk in store.of_kind("kitchen")
        for one in chunk.findings.values()
        if isinstance(one, ClusterAssessed)
    ]


def test_many_absent_ill_until_the_next_day_is_as_expected() -> None:
    day = AlertDay()
    day.post("08:00", "recipient.attendance.reported", present={"sd": 200}, absent_ill=60)
    day.post("+1 08:00", "recipient.attendance.reported", present={"sd": 298}, absent_ill=2)
    day.pass_to("12:00")
    assert day.told(ILLNESS, SCHOOL) == [("raised", "08:05")]
    assert day.history(ILLNESS)[-1]["evidence"]["absent_ill"] == 60
    day.pass_to("+1 09:00")
    assert day.told(ILLNESS, SCHOOL)[1:] == [("as_expected", "08:05")]


def test_ill_people_noticed_are_over_after_72_hours() -> None:
    day = AlertDay()
    day.post("11:00", "recipient.illness.noticed", ill=25, since="2026-11-24T10:30:00+07:00")
    day.pass_to("+2 00:00")
    day.crash()
    day.pass_to("+3 12:00")
    assert day.told(ILLNESS, SCHOOL)[0] == ("raised", "11:00")
    assert day.told(ILLNESS, SCHOOL)[-1] == ("72_hours", "11:00")


def test_a_report_of_the_next_day_that_is_taken_back_ends_nothing() -> None:
    day = AlertDay()
    day.post("08:00", "recipient.attendance.reported", present={"sd": 200}, absent_ill=60)
    # Both come and go before they are judged.
    next_day = day.post(
        "+1 08:01", "recipient.attendance.reported", present={"sd": 298}, absent_ill=2
    )
    school = f"/32.11/recipient/{SCHOOL}"
    day.post("+1 08:02", "event.retracted", supersedes=next_day, reason="salah", source=school)
    day.pass_to("+1 12:00")
    assert day.told(ILLNESS, SCHOOL) == [("raised", "08:05")]


def test_72_hours_count_from_when_it_was_raised_again() -> None:
    day = AlertDay()
    day.post("08:00", "recipient.attendance.reported", present={"sd": 200}, absent_ill=60, id="a")
    school = f"/32.11/recipient/{SCHOOL}"
    day.post("09:00", "event.retracted", supersedes="a", reason="salah", source=school)
    day.post("08:30", "recipient.attendance.reported", "20:00", present={"sd": 200}, absent_ill=60)
    day.pass_to("+3 19:00")
    assert [one for one, _ in day.told(ILLNESS, SCHOOL)] == ["raised", "corrected", "raised"]
    day.pass_to("+3 21:00")
    assert day.told(ILLNESS, SCHOOL)[-1] == ("72_hours", "20:05")
