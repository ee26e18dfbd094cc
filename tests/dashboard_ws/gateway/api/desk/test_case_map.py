"""Cases by recipient on the map: what each role is shown of them, and that nothing else leaves the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from contracts.tokens import Role
from tests.dashboard_ws.gateway.api.desk.desk_routes import SECOND, DeskRoutes, alert
from tests.examples import KITCHEN, SCHOOL
from tests.registry_small import SECOND_KITCHEN

FOREIGN: Final = "npsn:20208124"
GONE: Final = "npsn:29999999"


def _cluster(unit: str, **more: Any) -> Any:
    ill = {SCHOOL: 12, SECOND: 3, FOREIGN: 0, GONE: 2}
    return alert(
        "ill", "foodborne_cluster", unit, units=[KITCHEN],
        attack_by_recipient={one: {"ill": n, "at_risk": 300} for one, n in ill.items()},
        grounds={"nameless": 4, "named": 15}, not_yet_ill=[FOREIGN], **more,
    )  # fmt: skip


ALERTS: Final = {
    "ill": _cluster(KITCHEN),
    "lot": alert(
        "lot", "foodborne_cluster", "", subject="Tani/L-1", units=[KITCHEN, SECOND_KITCHEN],
        attack_by_recipient={SCHOOL: {"ill": 7, "at_risk": 300}}, grounds={"nameless": 9},
    ),
    "school": alert("school", "illness_reported", subject=SCHOOL, ill=2, absent_ill=9),
    "few": alert("few", "illness_reported", subject=SCHOOL, ill=0, absent_ill=3),
    "none": alert("none", "illness_reported", subject=SCHOOL, ill=0, absent_ill=0),
    "late": alert("late", "over_4h", subject=SCHOOL),
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> DeskRoutes:
    return DeskRoutes(tmp_path, ALERTS)


def _cases(desk: DeskRoutes, role: Role, about: str) -> tuple[dict[str, int | None], int | None]:
    found = desk.ask(role, f"{about}/cases").json()
    return {one["id"]: one["cases"] for one in found["recipients"]}, found["without_recipient"]


def test_the_health_office_sees_every_count_most_first(desk: DeskRoutes) -> None:
    counts, nameless = _cases(desk, "health", "ill")
    assert list(counts.items()) == [(SCHOOL, 12), (SECOND, 3), (FOREIGN, 0)]
    assert nameless == 4


@pytest.mark.parametrize("role", ["desk", "admin"])
def test_counts_under_five_leave_the_server_for_nobody_else(desk: DeskRoutes, role: Role) -> None:
    answer = desk.ask(role, "ill/cases")
    counts, nameless = _cases(desk, role, "ill")
    assert list(counts.items()) == [(SCHOOL, 12), (SECOND, None), (FOREIGN, 0)]
    assert nameless is None
    assert {one["cases"] for one in answer.json()["recipients"]} == {12, None, 0}


def test_places_are_those_of_the_registry_on_the_regions_own_map(desk: DeskRoutes) -> None:
    found = desk.ask("desk", "ill/cases").json()
    [kitchen] = found["kitchens"]
    school = found["recipients"][0]
    assert (kitchen["id"], kitchen["name"]) == (KITCHEN, f"Satuan {KITCHEN}")
    assert (school["kind"], school["name"]) == ("school", f"Sekolah {SCHOOL}")
    # The school lies to the east and the south of the kitchen.
    assert 0 < kitchen["x"] < school["x"] < 600
    assert 0 < kitchen["y"] < school["y"] < 600


def test_a_lot_is_of_all_its_kitchens(desk: DeskRoutes) -> None:
    found = desk.ask("desk", "lot/cases").json()
    assert [one["id"] for one in found["kitchens"]] == [KITCHEN, SECOND_KITCHEN]
    assert _cases(desk, "desk", "lot") == ({SCHOOL: 7}, 9)


@pytest.mark.parametrize(
    ("about", "role", "cases"),
    [("school", "desk", 9), ("few", "desk", None), ("few", "health", 3), ("none", "desk", 0)],
)
def test_one_recipient_counts_the_greater_of_ill_and_absent(
    desk: DeskRoutes, about: str, role: Role, cases: int | None
) -> None:
    assert _cases(desk, role, about) == ({SCHOOL: cases}, 0)


def test_what_has_no_map(desk: DeskRoutes) -> None:
    assert desk.ask("desk", "late/cases").status_code == 409
    assert desk.ask("desk", "gone/cases").status_code == 404
