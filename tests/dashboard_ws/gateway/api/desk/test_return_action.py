"""A report goes back to its source: who may say so, of which reports, and the command that this is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from contracts.commands import ReturnReport
from contracts.tokens import Role
from tests.dashboard_ws.gateway.api.desk.desk_routes import DeskRoutes
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL

BODY: Final = {
    "source": SCHOOL, "id": "0192f3a0-7c1e-7b7e-8f00-2f6f1d6b9a11", "type": "recipient.meal.eaten",
    "note": "Porsi dimakan lebih banyak daripada yang datang.",
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> DeskRoutes:
    return DeskRoutes(tmp_path, {})


@pytest.mark.parametrize("role", ["desk", "health"])
@pytest.mark.parametrize(
    ("source", "type_"),
    [(SCHOOL, BODY["type"]), (KITCHEN, "sppg.cooking.finished"), (CLINIC, "clinic.cases.counted")],
)
def test_a_report_that_is_returned_is_a_command_with_who_and_why(
    desk: DeskRoutes, role: Role, source: str, type_: str
) -> None:
    answer = desk.give_back(role, **BODY | {"source": source, "type": type_})
    assert answer.status_code == 202
    [order] = desk.given
    assert isinstance(order, ReturnReport)
    assert (order.by, order.region, order.unit, order.event, order.type, order.note) == (
        "dewi", REGION, source, BODY["id"], type_, BODY["note"],
    )  # fmt: skip
    assert answer.json() == {"command": order.id}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"source": "npsn:9"}, 404),
        ({"source": KITCHEN}, 400),
        ({"type": "unit.heartbeat"}, 400),
        ({"type": "event.retracted"}, 400),
        ({"type": "nonsense"}, 400),
        ({"note": "anak 3211 0815 0590 0001"}, 400),
        ({"id": "3211081505900001"}, 400),
        ({"note": ""}, 422),
        ({"note": "n" * 501}, 422),
        ({"id": ""}, 422),
        ({"id": None}, 422),
    ],
)
def test_what_is_refused(desk: DeskRoutes, change: dict[str, Any], status: int) -> None:
    answer = desk.give_back("desk", **BODY | change)
    assert answer.status_code == status
    assert "0590" not in answer.json().get("detail", "") or status == 422
    assert desk.given == []


def test_the_administration_returns_no_reports(desk: DeskRoutes) -> None:
    assert desk.give_back("admin", **BODY).status_code == 403
    assert desk.given == []
