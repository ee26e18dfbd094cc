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
    desk = DeskRoutes(tmp_path, {})
    desk.store.found = [(BODY["type"], 1)]
    return desk


@pytest.mark.parametrize("role", ["desk", "health"])
@pytest.mark.parametrize(
    ("source", "type_"),
    [(SCHOOL, BODY["type"]), (KITCHEN, "sppg.cooking.finished"), (CLINIC, "clinic.cases.counted")],
)
def test_a_report_that_is_returned_is_a_command_with_who_and_why(
    desk: DeskRoutes, role: Role, source: str, type_: str
) -> None:
    desk.store.found = [(type_, 1)]
    answer = desk.give_back(role, **BODY | {"source": source, "type": type_})
    assert answer.status_code == 202
    [asked] = desk.store.asked
    assert (asked["region"], asked["source"], asked["id"]) == (REGION, source, BODY["id"])
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


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([], 404),
        ([("recipient.attendance.reported", 1)], 400),
        ([(BODY["type"], 0)], 409),
        (None, 503),
    ],
)
def test_what_is_not_there_as_it_is_named_is_not_returned(
    desk: DeskRoutes, found: list[tuple[Any, ...]] | None, status: int
) -> None:
    desk.store.found = found
    answer = desk.give_back("health", **BODY)
    assert answer.status_code == status
    assert status != 503 or answer.headers["retry-after"]
    assert desk.given == []
