"""Who may hold a batch, at whom, and who may lift that: the routes on a map with alerts, and the commands that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest
from starlette.testclient import TestClient

from chassis.datadir import DataDir
from chassis.feeds.registry_feed import RegistryFeed
from chassis.http.new_app import new_app
from chassis.kafka.cluster import Cluster
from contracts.commands import Command, Hold, Release
from contracts.registry.entities import RegionRegistry, Registry
from contracts.revocations import Revocations
from contracts.time.clock import RealClock
from contracts.tokens import Role
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess
from dashboard_ws.gateway.api.desk.hold_actions import HoldActions
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import Change, Frame
from tests.dashboard_ws.conftest import KEY
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.registry_small import SMALL, recipient

SECOND: Final = "npsn:20208200"
FOREIGN: Final = "npsn:20208124"
NOTE: Final = "uji gagal"


def alert(key: str, kind: str, unit: str = KITCHEN, subject: str = "", **evidence: Any) -> Change:
    row = {
        "topic": "alerts", "key": key, "kind": kind, "state": "raised", "unit_id": unit,
        "subject": subject, "evidence": evidence,
    }  # fmt: skip
    return Change(1, msgspec.json.encode(row), "alerts")


ALERTS: Final = {
    "unsafe": alert("unsafe", "unsafe_batch", subject="B-1", recipients=[SCHOOL, FOREIGN]),
    "late": alert("late", "over_4h", subject=SCHOOL, batch="B-2"),
    "ill": alert(
        "ill", "foodborne_cluster", attack_by_batch={"B-3": {}}, attack_by_recipient={SCHOOL: {}}
    ),
    "clinic": alert("clinic", "unit_silent", unit=CLINIC),
    "hold-1": alert("hold-1", "hold", subject="B-1"),
}


class Desk:
    """The routes, and the commands that they gave."""

    def __init__(self, folder: Path) -> None:
        self.given: list[Command] = []
        self.tokens = Tokens(KEY, DataDir(folder), Revocations())
        hub = Hub((REGION,), RealClock())
        hub.maps[REGION].apply(Frame("e", 1, ALERTS))
        feed = RegistryFeed(Cluster("127.0.0.1:9"), KEY)
        more = (*SMALL.recipients, recipient(SECOND, KITCHEN))
        feed.registry = Registry([RegionRegistry(SMALL.region, SMALL.units, more)])
        app = new_app("desk")
        app.include_router(HoldActions(DeskAccess(hub, self.tokens, self._give), feed).router())
        self._client = TestClient(app)

    async def _give(self, command: Command) -> None:
        self.given.append(command)

    def ask(self, role: Role, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens.operator('dewi', role)[0]}"}
        method = "GET" if body is None else "POST"
        answer: httpx.Response = self._client.request(
            method, f"/v1/alerts/{path}", json=body, headers=headers
        )
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


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
    desk: Desk, about: str, batches: list[str], chosen: set[str]
) -> None:
    found = desk.ask("desk", f"{about}/hold").json()
    assert (found["unit_id"], found["batches"]) == (KITCHEN, batches)
    assert {one["id"] for one in found["recipients"] if one["chosen"]} == chosen
    assert {one["id"] for one in found["recipients"]} >= {SCHOOL, SECOND}


def test_a_hold_is_a_command_of_the_alerts_kitchen_and_of_who_gave_it(desk: Desk) -> None:
    answer = desk.ask("desk", "unsafe/hold", order(recipients=[SCHOOL, SECOND, SCHOOL]))
    assert answer.status_code == 202
    [given] = desk.given
    assert isinstance(given, Hold)
    assert (given.by, given.alert_id, given.region, given.note) == ("dewi", "unsafe", REGION, NOTE)
    assert (given.unit, given.batch, given.recipients) == (KITCHEN, "B-1", (SCHOOL, SECOND))
    assert answer.json() == {"command": given.id, "hold": given.shown_as}


@pytest.mark.parametrize("role", ["health", "admin"])
def test_a_hold_is_lifted_with_a_reason(desk: Desk, role: Role) -> None:
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
    desk: Desk, role: Role, path: str, body: dict[str, Any] | None, status: int
) -> None:
    assert desk.ask(role, path, body).status_code == status
    assert desk.given == []
