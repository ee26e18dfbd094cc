"""`POST /v1/alerts/{id}/ack` and `/assess`: what people do about an alert becomes a command on Kafka."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from chassis.http.problems import Problem
from contracts.commands import Acknowledge, Assess
from contracts.tokens import Claims
from dashboard_ws.gateway.api.clusters.stored_clusters import StoredClusters
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person, Taken


class AckBody(BaseModel):
    """`until`: when the acknowledgement runs out, on the region's clock; absent: never."""

    note: str = Field(default="", max_length=500)
    until: AwareDatetime | None = None


class AssessBody(BaseModel):
    """What the health office found, and why."""

    assessment: Literal["verified", "discarded"]
    note: str = Field(min_length=1, max_length=500)


class AlertActions:
    """The routes."""

    def __init__(self, access: DeskAccess, stored: StoredClusters) -> None:
        self._access = access
        self._stored = stored

    def router(self) -> APIRouter:
        """Both routes."""
        router = APIRouter(prefix="/v1/alerts/{alert_id}")
        for path, endpoint in (("/ack", self.acknowledge), ("/assess", self.assess)):
            router.add_api_route(
                path, endpoint, methods=["POST"], status_code=202, response_model=Taken
            )
        return router

    async def acknowledge(self, alert_id: str, body: AckBody, bearer: Person) -> Taken:
        """Say that somebody takes care. Any person of the desk may."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        if alert.state == "resolved":
            detail = f"This alert is over since {alert.resolved_at}: nobody need take care."
            raise Problem(409, "Conflict", detail)
        until_ms = None if body.until is None else _epoch_ms(body.until)
        if until_ms is not None and until_ms <= self._access.now_ms():
            raise Problem(400, "Bad Request", "`until` is over: give a later time, or none.")
        return await self._access.give(
            Acknowledge(
                id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub,
                note=body.note, until_ms=until_ms,
            )
        )  # fmt: skip

    async def assess(self, alert_id: str, body: AssessBody, bearer: Person) -> Taken:
        """Say what a suspected cluster is. The health office's people alone may."""
        claims = self._access.person(bearer, "health")
        region = await self._region_of_cluster(alert_id, claims)
        return await self._access.give(
            Assess(
                id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub,
                note=body.note, assessment=body.assessment,
            )
        )  # fmt: skip

    async def _region_of_cluster(self, alert_id: str, claims: Claims) -> str:
        found = self._access.shown(alert_id, claims)
        if found is not None:
            region, alert = found
            if alert.kind != "foodborne_cluster":
                raise Problem(409, "Conflict", "Only a suspected cluster is assessed.")
            return region
        # The laboratory's result comes days after the map has shown the alert last.
        stored = await self._stored.region_of(alert_id, self._access.now_ms())
        if stored is None or not self._access.may_see(stored, claims):
            detail = "There is no suspected cluster of this id, open or over for at most 35 days."
            raise Problem(404, "Not Found", detail)
        return stored


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
