"""`GET /v1/desk/clusters`: suspected clusters that are over, for whom the health office's word is still to come or has come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.http.problems import Problem
from dashboard_ws.gateway.api.clusters.stored_clusters import MOST, StoredCluster, StoredClusters
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person
from dashboard_ws.gateway.live.masking import is_small
from dashboard_ws.gateway.protocol.session import is_public


class OverCluster(BaseModel):
    """`name`: of the kitchen, empty where it is not in force today; a lot has no `unit_id`, and stands in `subject`.

    `people`: ill, of known recipients, `nameless`: patients near it without a recipient; null: 1 to 4, which this person is not
    shown. `note`: why it was so assessed, or of whoever took care. Times are RFC 3339, UTC.
    """

    id: str
    short_id: str
    unit_id: str
    name: str
    subject: str
    severity: int
    raised_at: str
    resolved_at: str
    resolution: str
    people: int | None
    nameless: int | None
    assessment: str
    assessed_by: str
    assessed_at: str | None
    note: str


class OverClusters(BaseModel):
    """The last that ended first. `more`: there are more than are listed."""

    clusters: list[OverCluster]
    more: bool


class ClusterListRoute:
    """The route."""

    def __init__(self, access: DeskAccess, stored: StoredClusters) -> None:
        self._access = access
        self._stored = stored

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/desk/clusters", self.over, methods=["GET"], response_model=OverClusters
        )
        return router

    async def over(
        self, bearer: Person, region: Annotated[str, Query(description="Code")]
    ) -> OverClusters:
        """Suspected clusters that ended in the last 35 days, each of which may be assessed."""
        claims = self._access.person(bearer, "desk", "health")
        if not self._access.may_see(region, claims):
            raise Problem(404, "Not Found", "No such region is served here.")
        found = await self._stored.over(region, self._access.now_ms())
        public = is_public(claims)
        clusters = [self._shown(one, region, public) for one in found[:MOST]]
        return OverClusters(clusters=clusters, more=len(found) > MOST)

    def _shown(self, one: StoredCluster, region: str, public: bool) -> OverCluster:
        row = one._asdict()
        for name in ("people", "nameless"):
            if public and is_small(row[name]):
                row[name] = None
        return OverCluster(name=self._access.name_of(one.unit_id, region), **row)
