"""Who may hold a batch, at whom, and who may lift that: the routes on a map with alerts, and the commands that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from contracts.commands import Hold, Release
from contracts.tokens import Role
from tests.dashboard_ws.gateway.api.desk.desk_routes import SECOND, DeskRoutes, alert
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL

FOREIGN: Final = "npsn:20208124"
NOTE: Final = "uji gagal"


ALERTS: Final = {
    "unsafe": alert("unsafe", "unsafe_batch", subject="B-1", recipients=[SCHOOL, FOREIGN]),
    "late": alert("late", "over_4h", subject=SCHOOL, batch="B-2"),
    "ill": alert(
        "ill", "foodborne_cluster", attack_by_batch={"B-3": {}}, attack_by_recipient={SCHOOL: {}}
    ),
    "clinic": alert("clinic", "unit_silent", unit=CLINIC),
    "hold-1": alert("hold-1", "hold", subject="B-1"),
}


@pytest.fixture
def desk(tmp_path: Path) -> DeskRoutes:
    return DeskRoutes(tmp_path, ALERTS)


def order(**changed: Any) -> dict[str, Any]:
    return {"batch": "B-1", "recipients": [SCHOOL, SECOND], "note": NOTE, **changed}


@pytest.mark.parametrize(
    ("about", "batches", "chosen"),
    [
        ("unsafe", ["B-1"], {SCHOOL, FOREIGN}),
        ("late", ["B-2"], {SCHOOL, SECOND}),
        ("ill", ["B-3"], {SCHOOL, SECOND}),
    ],
)
def test_who_got_the_batch_is_proposed_and_else_all_of_the_kitchen(
    desk: DeskRoutes, about: str, batches: list[str], chosen: set[str]
) -> None:
    found = desk.ask("desk", f"{about}/hold").json()
    assert (found["unit_id"], found["batches"]) == (KITCHEN, batches)
    assert {one["id"] for one in found["recipients"] if one["chosen"]} == chosen
    assert {one["id"] for one in found["recipients"]} >= {SCHOOL, SECOND}


def test_a_hold_is_a_command_of_the_alerts_kitchen_and_of_who_gave_it(desk: DeskRoutes) -> None:
    answer = desk.ask("desk", "unsafe/hold", order(recipients=[SCHOOL, SECOND, SCHOOL]))
    assert answer.status_code == 202
    [given] = desk.given
    assert isinstance(given, Hold)
    assert (given.by, given.alert_id, given.region, given.note) == ("dewi", "unsafe", REGION, NOTE)
    assert (given.unit, given.batch, given.recipients) == (KITCHEN, "B-1", (SCHOOL, SECOND))
    assert answer.json() == {"command": given.id, "hold": given.shown_as}


@pytest.mark.parametrize("role", ["health", "admin"])
def test_a_hold_is_lifted_with_a_reason(desk: DeskRoutes, role: Role) -> None:
    assert desk.ask(role, "hold-1/release", {"note": "uji ulang baik"}).status_code == 202
    [given] = desk.given
    assert isinstance(given, Release)
    assert (given.by, given.alert_id, given.note) == ("dewi", "hold-1", "uji ulang baik")


@pytest.mark.parametrize(
    ("role", "path", "body", "status"),
    [
        ("desk", "hold-1/release", {"note": "x"}, 403),
        ("health", "hold-1/release", {"note": ""}, 422),
        ("health", "unsafe/release", {"note": "x"}, 409),
        ("health", "none/release", {"note": "x"}, 404),
        ("desk", "none/hold", order(), 404),
        ("desk", "clinic/hold", order(), 409),
        ("desk", "clinic/hold", None, 409),
        ("desk", "unsafe/hold", order(recipients=[]), 422),
        ("desk", "unsafe/hold", order(note=""), 422),
        ("desk", "unsafe/hold", order(batch=""), 422),
        ("desk", "unsafe/hold", order(recipients=[SCHOOL, "npsn:1"]), 400),
    ],
)
def test_what_is_refused(
    desk: DeskRoutes, role: Role, path: str, body: dict[str, Any] | None, status: int
) -> None:
    assert desk.ask(role, path, body).status_code == status
    assert desk.given == []
