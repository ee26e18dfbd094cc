"""`GET /v1/desk/reports`: reports of one source, to choose the one that is to be returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel

from contracts.events.event_types import COUNTED, TYPE_OF
from contracts.registry.entities import Recipient
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person
from dashboard_ws.gateway.api.reports.report_facts import Fact, facts_of, is_of_people
from dashboard_ws.gateway.api.reports.source_reports import MOST, SourceReports, StoredReport

_DAY_MS: Final = 86_400_000
_SENSOR: Final = "sppg.temperature.measured"
"""Hundreds a day: listed where they alone are asked for."""


class ShownReport(BaseModel):
    """`subject`: name of the recipient that it is about, or empty; `facts`: figures by name, null: 1 to 4 people."""

    id: str
    type: str
    subject: str
    time: str
    received_at: str
    is_correction: bool
    facts: dict[str, Fact]


class ReportList(BaseModel):
    """`name`: of the source. `more`: there are older ones; `hidden`: types about people are not shown to this role."""

    name: str
    reports: list[ShownReport]
    more: bool
    hidden: bool


class ReportListRoute:
    """The route."""

    def __init__(self, access: DeskAccess, reports: SourceReports) -> None:
        self._access = access
        self._reports = reports

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/desk/reports", self.shown, methods=["GET"], response_model=ReportList
        )
        return router

    async def shown(
        self,
        bearer: Person,
        source: Annotated[str, Query(description="Id of the kitchen, clinic or recipient")],
        days: Annotated[int, Query(ge=1, le=30, description="What happened in so many days")] = 3,
        of_type: Annotated[str, Query(alias="type", description="Of one type alone")] = "",
    ) -> ReportList:
        """Its reports that count. Readings of sensors only where they are asked for by `type`."""
        claims = self._access.person(bearer, "desk", "health")
        region, kind = self._access.source(source, claims)
        is_health = claims.role == "health"
        of_kind = [TYPE_OF[cls] for cls in COUNTED if kind == cls.KIND]
        allowed = [one for one in of_kind if is_health or not is_of_people(one)]
        wanted = [one for one in allowed if one == of_type or (not of_type and one != _SENSOR)]
        since_ms = self._access.now_ms() - days * _DAY_MS
        found = await self._reports.newest(region, source, since_ms, wanted) if wanted else []
        registry, today = self._access.registry(region)
        recipients = registry.recipients_in_force(region, today)
        return ReportList(
            name=self._access.name_of(source, region),
            reports=[_shown(one, is_health, recipients) for one in found[:MOST]],
            more=len(found) > MOST,
            hidden=len(allowed) < len(of_kind),
        )


def _shown(one: StoredReport, is_health: bool, recipients: Mapping[str, Recipient]) -> ShownReport:
    subject = recipients.get(one.subject)
    return ShownReport(
        id=one.id,
        type=one.type,
        subject=one.subject if subject is None else subject.name,
        time=one.time,
        received_at=one.received_at,
        is_correction=bool(one.corrects),
        facts=facts_of(msgspec.json.decode(one.data), is_health),
    )
