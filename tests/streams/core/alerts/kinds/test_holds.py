"""A hold: ordered by a person, confirmed by each recipient, on the wall with how many have, until it is lifted or over."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.commands import Acknowledge, Command, Confirm, Hold, Release
from producers.ingest.holds.standing_holds import StandingHolds
from tests.examples import KITCHEN
from tests.registry_small import SMALL
from tests.streams.alert_day import AlertDay, at, give_command
from tests.streams.plant import Plant

NINE = tuple(f"npsn:2020{number}" for number in range(9))
REGION = "32.11"
SHOWN = "hold-h1"


def hold(identity: str = "h1", recipients: tuple[str, ...] = NINE) -> Hold:
    return Hold(
        id=identity, region=REGION, alert_id="unsafe_batch-1", by="ratna", note="uji gagal",
        unit=KITCHEN, batch="B-1", recipients=recipients,
    )  # fmt: skip


def confirm(recipient: str, eaten: bool = False, identity: str = "") -> Confirm:
    return Confirm(
        id=identity or f"c-{recipient}", region=REGION, alert_id=SHOWN, by=recipient, note="", eaten=eaten
    )  # fmt: skip


def release(by: str = "ratna") -> Release:
    return Release(id="r1", region=REGION, alert_id=SHOWN, by=by, note="uji ulang baik")


def latest(day: AlertDay) -> dict[str, Any]:
    return day.history("hold")[-1]


def counts(day: AlertDay) -> list[int]:
    return [row["evidence"]["confirmed_count"] for row in day.history("hold")]


def test_a_hold_is_on_the_wall_at_once_and_counts_its_confirmations() -> None:
    day = AlertDay()
    day.pass_to("08:29")
    day.command("08:30", hold())
    (shown,) = day.on_wall("hold")
    assert (shown["key"], shown["state"], shown["severity"]) == (SHOWN, "raised", 3)
    assert (shown["unit_id"], shown["subject"], shown["raised_at"]) == (
        KITCHEN,
        "B-1",
        "2026-11-24T01:30:00Z",
    )
    evidence = shown["evidence"]
    assert (evidence["ordered_by"], evidence["reason"]) == ("ratna", "uji gagal")
    assert evidence["because_of"] == "unsafe_batch-1" and evidence["recipients"] == [*NINE]
    for number, recipient in enumerate(NINE):
        day.command(f"08:{31 + number}", confirm(recipient, eaten=number == 3))
    evidence = latest(day)["evidence"]
    assert counts(day) == [*range(10)]
    assert (evidence["eaten_count"], evidence["minutes_to_last"]) == (1, 9)
    assert evidence["last_confirmed_at"] == "2026-11-24T01:39:00Z"
    assert [one["recipient"] for one in evidence["confirmations"]] == [*NINE]


@pytest.mark.parametrize("crashes", [False, True])
def test_a_hold_that_comes_before_the_registry_of_its_region_waits_for_it(crashes: bool) -> None:
    """After a start they arrive by different partitions, in any order."""
    plant = Plant(1)
    give_command(plant, "08:30", hold())
    give_command(plant, "08:31", confirm(NINE[0]))
    if crashes:
        plant.crash_region()
    plant.registries(at("08:29"), [SMALL])
    plant.tick(at("09:00"))
    plant.finish()
    changes = [row for row in plant.tables["alert_changes"] if row["kind"] == "hold"]
    confirmed = [msgspec.json.decode(row["evidence"])["confirmed_count"] for row in changes]
    assert confirmed == [0, 1]
    assert SHOWN in {row["key"] for row in plant.live.values()}, "it is on the wall"


def test_who_says_it_again_or_was_not_asked_changes_nothing() -> None:
    day = AlertDay()
    day.command("08:30", hold(recipients=NINE[:2]))
    day.command("08:31", hold(recipients=NINE[:2]))
    day.command("08:32", confirm(NINE[0]))
    day.command("08:33", confirm(NINE[0], eaten=True, identity="again"))
    day.command("08:34", confirm(NINE[5]))
    day.pass_to("09:00")
    assert counts(day) == [0, 1]
    assert latest(day)["evidence"]["eaten_count"] == 0


def test_it_is_lifted_by_name_and_nothing_is_confirmed_after_that() -> None:
    day = AlertDay()
    day.command("08:30", hold())
    day.command("08:31", confirm(NINE[0]))
    day.command("08:40", release())
    day.command("08:41", confirm(NINE[1]))
    day.pass_to("09:00")
    row = latest(day)
    assert (row["state"], row["resolution"]) == ("resolved", "lifted")
    assert row["evidence"]["lifted_by"] == "ratna"
    assert row["evidence"]["lifted_because"] == "uji ulang baik"
    assert row["evidence"]["confirmed_count"] == 1 and row["evidence"]["minutes_to_last"] is None
    assert day.on_wall("hold") == [], "ten minutes later"


def test_it_is_over_a_day_later_once_all_have_confirmed() -> None:
    day = AlertDay()
    day.command("08:30", hold(recipients=NINE[:2]))
    day.command("08:31", confirm(NINE[0]))
    day.pass_to("+1 09:00")
    assert latest(day)["state"] == "raised", "one recipient has not said that it stopped"
    day.command("+1 09:03", confirm(NINE[1]))
    row = latest(day)
    assert (row["state"], row["resolution"]) == ("resolved", "batch_over")
    assert row["evidence"]["minutes_to_last"] == 24 * 60 + 33

    day.command("+1 10:00", hold("h2", NINE[:1]))
    confirmed = confirm(NINE[0], identity="c9")
    day.command("+1 10:01", Confirm(**{**_fields(confirmed), "alert_id": "hold-h2"}))
    day.crash()
    day.pass_to("+2 10:30")
    assert day.told("hold")[-1] == ("batch_over", "10:00")


def _fields(command: Confirm) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__struct_fields__}


def test_who_telephones_the_missing_acknowledges_it() -> None:
    day = AlertDay()
    day.pass_to("08:29")
    day.command("08:30", hold(recipients=NINE[:2]))
    said = Acknowledge(id="a1", region=REGION, alert_id=SHOWN, by="dadan", note="saya telepon")
    day.command("08:31", said)
    day.command("08:32", confirm(NINE[0]))
    row = latest(day)
    assert (row["state"], row["acknowledged_by"]) == ("acknowledged", "dadan")
    assert row["evidence"]["confirmed_count"] == 1


commands = st.lists(
    st.one_of(
        st.sampled_from(NINE).map(confirm), st.just(hold()), st.just(release()), st.just(None)
    ),
    max_size=14,
    unique_by=lambda command: command.id if command else object(),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(commands)
def test_crashes_and_reading_the_commands_anew_give_the_same_hold(
    drawn: list[Command | None],
) -> None:
    """None: another worker takes over. A rebuild has all commands before it when the first moment comes."""
    live, anew = AlertDay(), AlertDay()
    for number, command in enumerate(drawn):
        when = f"{4 + number // 4:02}:{number % 4 * 15:02}"
        if command is None:
            live.crash()
        else:
            live.pass_to(when)
            live.command(when, command)
            anew.command(when, command)
    anew.crash()
    for day in (live, anew):
        day.pass_to("12:00")
    without_number = [
        [
            {name: value for name, value in row.items() if name != "revision"}
            for row in one.history("hold")
        ]
        for one in (live, anew)
    ]
    assert without_number[0] == without_number[1]
    assert shown_at_the_form(drawn) == [
        (row["evidence"]["batch"], [one["recipient"] for one in row["evidence"]["confirmations"]])
        for row in live.history("hold")[-1:]
        if row["state"] == "raised"
    ]


def shown_at_the_form(commands: list[Command | None]) -> list[tuple[str, list[str]]]:
    """Ingest reads the same commands for itself."""
    standing = StandingHolds()
    for command in commands:
        if command is not None:
            standing.take(command, at("05:00"))
    found = standing.of(KITCHEN, at("12:00")).values()
    return [(one.order.batch, [*one.confirmed]) for one in found]
