"""The route of `/v1/lineage` alone, on a registry, and who may ask it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx
from starlette.testclient import TestClient

from chassis.datadir import DataDir
from chassis.feeds.registry_feed import RegistryFeed
from chassis.http.new_app import new_app
from chassis.kafka.cluster import Cluster
from contracts.registry.entities import RegionRegistry, Registry
from contracts.revocations import Revocations
from contracts.time.clock import RealClock
from dashboard_ws.gateway.api.lineage.lineage_route import LineageRoute
from dashboard_ws.gateway.api.lineage.row_events import RowEvents
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.stream.analyst_store import AnalystStore
from tests.dashboard_ws.conftest import KEY, token
from tests.examples import REGION

ROW: Final = {
    "view": "performance", "level": "kabupaten", "area_id": REGION, "window": "1d",
    "window_end": "2026-11-24T17:00:00Z",
}  # fmt: skip


class AskedLineage:
    """Serves `REGION` alone, whatever else the registry has. `registries` none: it is not loaded."""

    def __init__(self, folder: Path, store: AnalystStore, *registries: RegionRegistry) -> None:
        self.tokens = Tokens(KEY, DataDir(folder), Revocations())
        feed = RegistryFeed(Cluster("127.0.0.1:9"), KEY)
        feed.registry = Registry(registries) if registries else None
        hub = Hub((REGION,), RealClock())
        app = new_app("lineage")
        app.include_router(LineageRoute(hub, self.tokens, feed, RowEvents(store)).router())
        self._client = TestClient(app)

    def raw(self, bearer: str | None, **query: str) -> httpx.Response:
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        answer: httpx.Response = self._client.get("/v1/lineage", params=query, headers=headers)
        return answer

    def wall(self, **change: str) -> httpx.Response:
        """As a wall, of `ROW` with some members changed."""
        return self.raw(token(), **ROW | change)

    def health(self, **change: str) -> dict[str, Any]:
        """What the role `health` is answered."""
        answer = self.raw(token("operator"), **ROW | change)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def ids(answer: httpx.Response | dict[str, Any]) -> list[str]:
    """Of the events that an answer lists."""
    found = answer if isinstance(answer, dict) else answer.json()
    assert found["count"] == len(found["events"]) and not found["more"]
    return [one["id"] for one in found["events"]]
