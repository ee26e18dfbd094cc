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
from contracts.time.clock import Clock, RealClock
from contracts.tokens import Role
from dashboard_ws.gateway.api.clusters.cluster_list import ClusterListRoute
from dashboard_ws.gateway.api.clusters.stored_clusters import StoredClusters
from dashboard_ws.gateway.api.desk.alert_actions import AlertActions
from dashboard_ws.gateway.api.desk.case_map import CaseMap
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess
from dashboard_ws.gateway.api.desk.hold_actions import HoldActions
from dashboard_ws.gateway.api.desk.missing_route import MissingRoute
from dashboard_ws.gateway.api.desk.step_actions import StepActions
from dashboard_ws.gateway.api.outline import DrawnRegions
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.api.reports.refused_list import RefusedListRoute
from dashboard_ws.gateway.api.reports.report_list import ReportListRoute
from dashboard_ws.gateway.api.reports.return_action import ReturnAction
from dashboard_ws.gateway.api.reports.source_reports import SourceReports
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import Change, Frame
from dashboard_ws.gateway.stream.analyst_store import AnalystStore, StoreAwayError
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


class StandInStore(AnalystStore):
    """Gives `found` to each question, and notes it. `found` None: ClickHouse is away."""

    def __init__(self) -> None:
        self.found: list[tuple[Any, ...]] | None = []
        self.asked: list[dict[str, str | int]] = []
        self.queries: list[str] = []

    async def rows(self, query: str, row: Any, **given: str | int) -> list[Any]:
        self.queries.append(query)
        self.asked.append(given)
        if self.found is None:
            raise StoreAwayError("away")
        return [row(*one) for one in self.found]


class DeskRoutes:
    """The routes, and the commands that they gave. `store`: what stands in for ClickHouse where none is given."""

    def __init__(
        self,
        folder: Path,
        rows: Mapping[str, Change],
        as_of: str | None = None,
        store: AnalystStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.given: list[Command] = []
        self.store = StandInStore()
        asked = store or self.store
        self.tokens = Tokens(KEY, DataDir(folder), Revocations())
        hub = Hub((REGION,), clock or RealClock())
        hub.maps[REGION].apply(Frame("e", 1, rows, as_of=as_of))
        feed = RegistryFeed(Cluster("127.0.0.1:9"), KEY)
        more = (*SMALL.recipients, recipient(SECOND, KITCHEN))
        feed.registry = Registry([RegionRegistry(SMALL.region, SMALL.units, more)])
        app = new_app("desk")
        access = DeskAccess(hub, self.tokens, self._give, feed)
        drawn = DrawnRegions(ROOT / "regions")
        steps = StepActions(access, load_steps(ROOT / "regions", [REGION]))
        missing = MissingRoute(access, hub, is_simulated=True)
        reports = SourceReports(asked)
        listed = ReportListRoute(access, reports), RefusedListRoute(access, asked)
        returns = ReturnAction(access, reports)
        clusters = StoredClusters(asked)
        for routes in (
            AlertActions(access, clusters),
            ClusterListRoute(access, clusters),
            HoldActions(access),
            CaseMap(access, drawn),
            steps,
            missing,
            returns,
            *listed,
        ):
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
        return self.asks(role, "missing", **query)

    def asks(self, role: Role, what: str, **query: str) -> httpx.Response:
        answer: httpx.Response = self._client.get(
            f"/v1/desk/{what}", params=query, headers=self._headers(role)
        )
        return answer

    def give_back(self, role: Role, **body: Any) -> httpx.Response:
        answer: httpx.Response = self._client.post(
            "/v1/reports/return", json=body, headers=self._headers(role)
        )
        return answer

    def _headers(self, role: Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.operator('dewi', role)[0]}"}
