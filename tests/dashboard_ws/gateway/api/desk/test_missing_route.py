"""Who has not reported, at the desk: by the rows of the live map and the moment that they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from contracts.tokens import Role
from dashboard_ws.gateway.live.region_map import Change
from tests.dashboard_ws.gateway.api.desk.desk_routes import SECOND, DeskRoutes
from tests.examples import KITCHEN, SCHOOL
from tests.registry_small import KECAMATAN, SECOND_KITCHEN

DAY: Final = "2026-11-24"
AS_OF: Final = "2026-11-24T03:05:00Z"
THIRD: Final = "npsn:20208124"


def row(topic: str, level: str, id_: str, day: str = DAY, **more: Any) -> tuple[str, Change]:
    key = f"{topic}/{level}/{id_}/1d"
    body = {"topic": topic, "key": key, "level": level, "day": day, **more}
    return key, Change(1, msgspec.json.encode(body), topic, level)


def kitchen(id_: str, deliveries: int, day: str = DAY) -> tuple[str, Change]:
    return row("performance", "unit", id_, day, deliveries=deliveries, events=9)


def recipient(id_: str, events: int, declined: int = 0, day: str = DAY) -> tuple[str, Change]:
    return row("reception", "recipient", id_, day, events=events, declined=declined, checks=None)


def missing(folder: Path, *rows: tuple[str, Change], as_of: str | None = AS_OF) -> Any:
    return DeskRoutes(folder, dict(rows), as_of).missing("desk").json()


def ids(found: Any) -> list[str]:
    return [one["unit_id"] for one in found["missing"]]


@pytest.mark.parametrize("role", ["desk", "health", "admin"])
def test_nobody_has_reported(tmp_path: Path, role: Role) -> None:
    found = DeskRoutes(tmp_path, {}, AS_OF).missing(role).json()
    assert ids(found) == [KITCHEN, SECOND_KITCHEN, SCHOOL, THIRD, SECOND]
    assert (found["day"], found["by"], found["due"]) == (DAY, "10:05", 5)
    assert found["missing"][0]["meal_time"] == "10:00"
    assert found["text"].startswith(
        "[SIMULASI] *Belum melapor*, Sumedang, Selasa 24/11/2026 pukul 10.05"
    )


def test_who_has_reported_today_is_not_named_and_work_without_a_delivery_is_no_report(
    tmp_path: Path,
) -> None:
    rows = (
        kitchen(KITCHEN, 3),
        kitchen(SECOND_KITCHEN, 0),
        recipient(SCHOOL, 1),
        recipient(SECOND, 2, day="2026-11-23"),
        recipient(THIRD, 0),
    )
    found = missing(tmp_path, *rows)
    assert ids(found) == [SECOND_KITCHEN, THIRD, SECOND]
    assert found["text"].count("\n- ") == 3


def test_who_has_declined_the_day_owes_nothing_and_nor_does_its_kitchen(tmp_path: Path) -> None:
    assert ids(missing(tmp_path, recipient(THIRD, 1, 314))) == [KITCHEN, SCHOOL, SECOND]


def test_the_moment_asked_about_is_that_of_the_rows(tmp_path: Path) -> None:
    early = missing(tmp_path, as_of="2026-11-24T02:59:00Z")
    assert (early["by"], early["missing"]) == ("09:59", [])
    sunday = missing(tmp_path, as_of="2026-11-29T05:00:00Z")
    assert (sunday["due"], sunday["missing"]) == (0, [])


def test_a_kecamatan_alone_and_what_is_not_there(tmp_path: Path) -> None:
    desk = DeskRoutes(tmp_path, {}, AS_OF)
    assert len(desk.missing("desk", kecamatan=KECAMATAN).json()["missing"]) == 5
    assert desk.missing("desk", kecamatan="32.11.99").json()["due"] == 0
    assert desk.missing("desk", region="99.99").status_code == 404
    assert DeskRoutes(tmp_path, {}).missing("desk").status_code == 503
