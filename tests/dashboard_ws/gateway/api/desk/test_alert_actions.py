"""Taking care of an alert and assessing a cluster, on the map and after it has left it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from contracts.commands import ASSESSABLE_MS, Assess
from contracts.time.clock import real_now_ms
from dashboard_ws.gateway.live.region_map import Change
from tests.dashboard_ws.gateway.api.desk.desk_routes import DeskRoutes, alert
from tests.examples import REGION

WORD: Final = {"assessment": "verified", "note": "laboratorium"}
OVER: Final = {"state": "resolved", "resolved_at": "2026-11-24T02:00:00Z"}


def over(key: str, kind: str) -> Change:
    row = msgspec.json.decode(alert(key, kind).body or b"") | OVER
    return Change(1, msgspec.json.encode(row), "alerts")


@pytest.fixture
def desk(tmp_path: Path) -> DeskRoutes:
    rows = {
        "open": alert("open", "foodborne_cluster"),
        "over": over("over", "foodborne_cluster"),
        "late": over("late", "delivery_late"),
    }
    return DeskRoutes(tmp_path, rows)


def test_nobody_takes_care_of_what_is_over(desk: DeskRoutes) -> None:
    answer = desk.ask("desk", "late/ack", {})
    assert answer.status_code == 409
    assert "over since 2026-11-24T02:00:00Z" in answer.json()["detail"]
    assert desk.given == []
    assert desk.ask("desk", "open/ack", {}).status_code == 202


@pytest.mark.parametrize("shown", ["open", "over"])
def test_a_cluster_on_the_map_is_assessed_without_clickhouse(desk: DeskRoutes, shown: str) -> None:
    desk.store.found = None
    assert desk.ask("health", f"{shown}/assess", WORD).status_code == 202
    assert desk.ask("health", "late/assess", WORD).status_code == 409
    [command] = desk.given
    assert isinstance(command, Assess) and command.alert_id == shown


def test_a_cluster_that_has_left_the_map_is_assessed(desk: DeskRoutes) -> None:
    desk.store.found = [(REGION,)]
    answer = desk.ask("health", "gone/assess", WORD)
    assert answer.status_code == 202
    [command] = desk.given
    assert isinstance(command, Assess)
    assert answer.json() == {"command": command.id}
    assert (command.region, command.alert_id, command.by) == (REGION, "gone", "dewi")
    assert (command.assessment, command.note) == ("verified", "laboratorium")
    [asked] = desk.store.asked
    assert asked["id"] == "gone"
    since = real_now_ms() - ASSESSABLE_MS
    assert abs(int(asked["since"]) * 1000 - since) < 60_000


@pytest.mark.parametrize(
    ("found", "status"), [([], 404), ([("32.08",)], 404), (None, 503)], ids=["none", "foreign", "away"]
)  # fmt: skip
def test_what_has_left_the_map_and_is_not_assessed(
    desk: DeskRoutes, found: list[tuple[Any, ...]] | None, status: int
) -> None:
    desk.store.found = found
    answer = desk.ask("health", "gone/assess", WORD)
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) == (status == 503)
    assert desk.given == []


def test_who_may_not_assess_asks_nothing(desk: DeskRoutes) -> None:
    desk.store.found = [(REGION,)]
    assert desk.ask("desk", "gone/assess", WORD).status_code == 403
    assert desk.ask("admin", "gone/assess", WORD).status_code == 403
    assert desk.store.asked == []
    assert desk.ask("desk", "gone/ack", {}).status_code == 404
