"""The routes of the desk on a live map with alerts, without a broker: what they answer, and the commands that they give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from starlette.testclient import TestClient

from chassis.datadir import DataDir
from chassis.feeds.registry_feed import RegistryFeed
from chassis.http.new_app import new_app
from chassis.kafka.cluster import Cluster
from chassis.regions.steps_file import load_steps
from contracts.commands import Command
from contracts.registry.entities import RegionRegistry, Registry
from contracts.revocations import Revocations
from contracts.time.clock import RealClock
from contracts.tokens import Role
from dashboard_ws.gateway.api.desk.case_map import CaseMap
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess
from dashboard_ws.gateway.api.desk.hold_actions import HoldActions
from dashboard_ws.gateway.api.desk.missing_route import MissingRoute
from dashboard_ws.gateway.api.desk.return_action import ReturnAction
from dashboard_ws.gateway.api.desk.step_actions import StepActions
from dashboard_ws.gateway.api.outline import DrawnRegions
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import Change, Frame
from tests.dashboard_ws.conftest import KEY
from tests.examples import KITCHEN, REGION
from tests.house.product import ROOT
from tests.registry_small import SMALL, recipient

SECOND: Final = "npsn:20208200"


def alert(key: str, kind: str, unit: str = KITCHEN, subject: str = "", **evidence: Any) -> Change:
    row = {
        "topic": "alerts", "key": key, "kind": kind, "state": "raised", "unit_id": unit,
        "subject": subject, "evidence": evidence,
    }  # fmt: skip
    return Change(1, msgspec.json.encode(row), "alerts")


class DeskRoutes:
    """The routes, and the commands that they gave."""

    def __init__(self, folder: Path, rows: Mapping[str, Change], as_of: str | None = None) -> None:
        self.given: list[Command] = []
        self.tokens = Tokens(KEY, DataDir(folder), Revocations())
        hub = Hub((REGION,), RealClock())
        hub.maps[REGION].apply(Frame("e", 1, rows, as_of=as_of))
        feed = RegistryFeed(Cluster("127.0.0.1:9"), KEY)
        more = (*SMALL.recipients, recipient(SECOND, KITCHEN))
        feed.registry = Registry([RegionRegistry(SMALL.region, SMALL.units, more)])
        app = new_app("desk")
        access = DeskAccess(hub, self.tokens, self._give, feed)
        drawn = DrawnRegions(ROOT / "regions")
        steps = StepActions(access, load_steps(ROOT / "regions", [REGION]))
        missing = MissingRoute(access, hub, is_simulated=True)
        returns = ReturnAction(access)
        for routes in (HoldActions(access), CaseMap(access, drawn), steps, missing, returns):
            app.include_router(routes.router())
        self._client = TestClient(app)

    async def _give(self, command: Command) -> None:
        self.given.append(command)

    def ask(self, role: Role, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        method = "GET" if body is None else "POST"
        answer: httpx.Response = self._client.request(
            method, f"/v1/alerts/{path}", json=body, headers=self._headers(role)
        )
        return answer

    def missing(self, role: Role, **query: str) -> httpx.Response:
        answer: httpx.Response = self._client.get(
            "/v1/desk/missing", params=query, headers=self._headers(role)
        )
        return answer

    def give_back(self, role: Role, **body: Any) -> httpx.Response:
        answer: httpx.Response = self._client.post(
            "/v1/reports/return", json=body, headers=self._headers(role)
        )
        return answer

    def _headers(self, role: Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.operator('dewi', role)[0]}"}
