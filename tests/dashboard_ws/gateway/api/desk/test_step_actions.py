"""The checklist of an alert: what it holds, who may say that a step is done, and the command that this is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from contracts.commands import MarkStep
from contracts.tokens import Role
from tests.dashboard_ws.gateway.api.desk.desk_routes import DeskRoutes, alert
from tests.examples import REGION, SCHOOL

STEP: Final = "telepon-penerima"


@pytest.fixture
def desk(tmp_path: Path) -> DeskRoutes:
    return DeskRoutes(tmp_path, {"late": alert("late", "over_4h", subject=SCHOOL)})


def test_the_steps_are_those_of_the_alerts_kind_in_the_regions_words(desk: DeskRoutes) -> None:
    steps = desk.ask("desk", "late/steps").json()["steps"]
    assert [one["step"] for one in steps] == [STEP, "tahan", "sebab", "pantau"]
    assert steps[0]["text"].startswith("Telepon penerima: ")


@pytest.mark.parametrize("role", ["desk", "health", "admin"])
def test_a_step_that_is_done_is_a_command_with_who_and_with_its_words(
    desk: DeskRoutes, role: Role
) -> None:
    answers = [
        desk.ask(role, "late/steps", {"step": STEP}),
        desk.ask(role, "late/steps", {"step": STEP, "done": False}),
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    done, not_done = desk.given
    assert isinstance(done, MarkStep) and isinstance(not_done, MarkStep)
    assert (done.by, done.region, done.alert_id, done.step) == ("dewi", REGION, "late", STEP)
    assert done.note.startswith("Telepon penerima: ")
    assert (done.done, not_done.done) == (True, False)
    assert answers[0].json() == {"command": done.id}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("late/steps", {"step": "rujuk"}, 400),
        ("late/steps", {"step": ""}, 422),
        ("late/steps", {}, 422),
        ("none/steps", {"step": STEP}, 404),
        ("none/steps", None, 404),
    ],
)
def test_what_is_refused(
    desk: DeskRoutes, path: str, body: dict[str, Any] | None, status: int
) -> None:
    assert desk.ask("desk", path, body).status_code == status
    assert desk.given == []
