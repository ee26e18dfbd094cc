"""The life of an alert, whatever its kind: who says what of it, and what that leaves on the wall and in the store."""

from __future__ import annotations

import re
from typing import Any

from contracts.commands import Acknowledge, Assess, Command, MarkStep, ReturnReport, encode_command
from streams.core.alerts.alert_stage import AT_MOST, AlertStage
from streams.core.region_feed import CommandReceived
from tests.examples import KITCHEN
from tests.streams.alert_day import AlertDay, at

SILENT = "unit_silent"


def silent() -> tuple[AlertDay, dict[str, Any]]:
    """A day whose kitchen has been silent since 08:00, and the alert of it."""
    day = AlertDay()
    day.alive(KITCHEN, "04:00", "08:00")
    day.pass_to("08:30")
    (row,) = day.history(SILENT, KITCHEN)
    return day, row


def acknowledge(row: dict[str, Any], identity: str = "c1", until: str = "") -> Acknowledge:
    return Acknowledge(
        id=identity,
        region="32.11",
        alert_id=row["id"],
        by="dewi",
        note="ditelepon",
        until_ms=at(until) if until else None,
    )


def states(day: AlertDay) -> list[str]:
    return [row["state"] for row in day.history(SILENT, KITCHEN)]


def test_an_acknowledgement_is_on_the_wall_at_once() -> None:
    """Though what was received at that moment is in two minutes later."""
    day, row = silent()
    day.command("08:32", acknowledge(row))
    (shown,) = [one for one in day.on_wall(SILENT) if one["unit_id"] == KITCHEN]
    assert (shown["state"], shown["acknowledged_by"], shown["note"]) == (
        "acknowledged",
        "dewi",
        "ditelepon",
    )
    assert shown["acknowledged_at"] == day.history(SILENT, KITCHEN)[-1]["acknowledged_at"]
    assert shown["evidence"]["rule"] == {"minutes": 15}


def test_it_runs_out_and_the_alert_stands_as_raised_again() -> None:
    day, row = silent()
    day.command("08:32", acknowledge(row, until="09:00"))
    day.crash()
    day.pass_to("09:10")
    assert states(day) == ["raised", "acknowledged", "raised"]
    assert day.told(SILENT, KITCHEN)[-1] == ("raised", "09:00")
    assert len({one["short_id"] for one in day.history(SILENT, KITCHEN)}) == 1


def test_the_same_command_twice_counts_once() -> None:
    day, row = silent()
    day.command("08:32", acknowledge(row))
    day.command("08:33", acknowledge(row))
    assert states(day) == ["raised", "acknowledged"]


def test_acknowledged_then_over() -> None:
    day, row = silent()
    day.command("08:32", acknowledge(row))
    day.alive(KITCHEN, "09:00", "09:00")
    day.pass_to("09:05")
    assert states(day) == ["raised", "acknowledged", "resolved"]
    assert day.history(SILENT, KITCHEN)[-1]["resolved_at"] == "2026-11-24T02:00:00Z"


def mark(row: dict[str, Any], identity: str, by: str, done: bool = True) -> MarkStep:
    return MarkStep(
        id=identity, region="32.11", alert_id=row["id"], by=by, note="Telepon satuan",
        step="telepon", done=done,
    )  # fmt: skip


def test_a_step_that_is_done_stands_in_the_evidence_with_who_was_first() -> None:
    day, row = silent()
    day.command("08:32", mark(row, "s1", "dewi"))
    day.command("08:33", mark(row, "s2", "rina"))
    day.crash()
    day.alive(KITCHEN, "09:00", "09:00")
    day.pass_to("09:05")
    assert states(day) == ["raised", "raised", "raised", "resolved"]
    before, *after = day.history(SILENT, KITCHEN)
    assert "steps" not in before["evidence"]
    done = {"step": "telepon", "text": "Telepon satuan", "by": "dewi", "at": "2026-11-24T01:32:00Z"}
    assert [one["evidence"]["steps"] for one in after] == [[done]] * 3
    assert after[-1]["evidence"]["rule"] == {"minutes": 15}


def test_a_step_can_be_taken_back() -> None:
    day, row = silent()
    day.command("08:32", mark(row, "s1", "dewi"))
    day.command("08:33", mark(row, "s2", "rina", done=False))
    (shown,) = [one for one in day.on_wall(SILENT) if one["unit_id"] == KITCHEN]
    assert "steps" not in shown["evidence"]
    assert len(day.history(SILENT, KITCHEN)) == 3, "both are in the history"


def test_what_nobody_can_say_is_set_aside() -> None:
    day, row = silent()
    assess = Assess(
        id="a1", region="32.11", alert_id=row["id"], by="rina", note="", assessment="verified"
    )
    nobody = acknowledge(row | {"id": "unit_silent-0"}, "c9")
    elsewhere: list[Command] = [
        assess,
        nobody,
        Acknowledge(id="c8", region="32.08", alert_id=row["id"], by="x", note=""),
    ]
    for command in elsewhere:
        day.command("08:32", command)
    day.pass_to("09:00")
    assert states(day) == ["raised"]


def test_what_is_said_of_a_report_leaves_nothing_in_the_alerts() -> None:
    command = ReturnReport(
        id="r1",
        region="32.11",
        by="rina",
        note="-",
        unit=KITCHEN,
        event="e",
        type="sppg.meal.eaten",
    )
    stage = AlertStage(0, AT_MOST)
    stage.take_command(CommandReceived(0, encode_command(command)))
    assert (stage.notices(), stage.records()) == ([], {})
    stage.take_command(CommandReceived(0, b'{"command":"of a later version"}'))
    assert stage.notices() == ["a command that this version cannot read"]


def test_a_command_waits_for_its_alert_when_the_log_is_read_anew() -> None:
    """The whole of the commands lies there before the events that raise the alerts are read."""
    _, row = silent()
    again = AlertDay()
    again.command("08:32", acknowledge(row, until="09:00"))
    again.crash()
    again.alive(KITCHEN, "04:00", "08:00")
    again.pass_to("10:00")
    assert states(again) == ["raised", "acknowledged", "raised"]


def test_an_acknowledgement_of_what_is_over_by_its_own_time_is_in_a_rebuild_too() -> None:
    """It was given in the grace: what ended the alert had been received, and was not on the wall."""
    live, anew = AlertDay(), AlertDay()
    live.alive(KITCHEN, "04:00", "08:00")
    live.pass_to("08:16")
    command = acknowledge(live.history("unit_silent", KITCHEN)[-1], "c1")
    live.command("08:18", command)
    anew.command("08:18", command)
    anew.alive(KITCHEN, "04:00", "08:00")
    for day in (live, anew):
        day.alive(KITCHEN, "08:17", "08:17")
        day.pass_to("09:00")
    assert states(live)[:3] == ["raised", "acknowledged", "resolved"]
    assert states(anew) == states(live)


def test_a_resolved_alert_leaves_the_wall_after_ten_minutes_also_over_a_take_over() -> None:
    day, _ = silent()
    day.alive(KITCHEN, "09:00", "09:20")
    day.pass_to("09:05")
    day.crash()
    day.pass_to("09:09")
    assert [one["state"] for one in day.on_wall(SILENT) if one["unit_id"] == KITCHEN] == [
        "resolved"
    ]
    day.pass_to("09:11")
    assert [one for one in day.on_wall(SILENT) if one["unit_id"] == KITCHEN] == []


def test_short_ids_are_one_letter_and_a_number_and_no_two_open_ones_share_one() -> None:
    day, _ = silent()
    open_ids = [one["short_id"] for kind in (SILENT, "certificate") for one in day.on_wall(kind)]
    assert all(re.fullmatch(r"[A-Z][1-9][0-9]*", one) for one in open_ids)
    assert len(open_ids) == len(set(open_ids)) >= 4


def test_rows_tell_a_change_each_with_a_growing_revision() -> None:
    day, row = silent()
    day.command("08:32", acknowledge(row))
    revisions = [one["revision"] for one in day.plant.tables["alert_changes"]]
    assert revisions == sorted(set(revisions))


def test_a_lot_that_is_named_twice_stops_no_clock() -> None:
    """Of the days after it alerts come all the same: what is forgotten is forgotten once."""
    day = AlertDay()
    day.post("05:00", "sppg.cooking.finished", portions=100, lots=["L-1", "L-1"])
    day.post("06:00", "sppg.dispatch.departed", batches=["B-1", "B-1"])
    day.pass_to("+6 12:00")
    raised = [row for row in day.history("delivery_late") if row["state"] == "raised"]
    # Six days of which one is a Sunday, and the last one's meal time has passed too.
    days = {row["raised_at"][:10] for row in raised}
    assert max(days) == "2026-11-30"
