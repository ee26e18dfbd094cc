"""`POST /v1/reports/return`: a report goes back to its source with a reason, to be corrected or taken back."""

from __future__ import annotations

import uuid

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from chassis.http.problems import Problem
from contracts.commands import ReturnReport
from contracts.events.event_types import TYPES
from contracts.events.nik import nik_in
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person, Taken
from dashboard_ws.gateway.api.reports.source_reports import SourceReports


class ReturnBody(BaseModel):
    """`source`: id of the kitchen, clinic or recipient; `id`, `type`: the event's; `note`: why, as the source is shown it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "npsn:20208123",
                    "id": "0192f3a0-7c1e-7b7e-8f00-2f6f1d6b9a11",
                    "type": "recipient.meal.eaten",
                    "note": "Porsi dimakan lebih banyak daripada yang datang. Periksa lagi.",
                }
            ]
        }
    )

    source: str = Field(min_length=1, max_length=100)
    id: str = Field(min_length=1, max_length=100)
    type: str = Field(min_length=1, max_length=100)
    note: str = Field(min_length=1, max_length=500)


class ReturnAction:
    """The route."""

    def __init__(self, access: DeskAccess, reports: SourceReports) -> None:
        self._access = access
        self._reports = reports

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/reports/return",
            self.give_back,
            methods=["POST"],
            status_code=202,
            response_model=Taken,
        )
        return router

    async def give_back(self, body: ReturnBody, bearer: Person) -> Taken:
        """Its source has to have such a report, of the last 30 days, that counts."""
        claims = self._access.person(bearer, "desk", "health")
        region, kind = self._access.source(body.source, claims)
        if body.type not in TYPES or kind != TYPES[body.type].KIND:
            raise Problem(
                400, "Bad Request", "`type`: such a source sends no reports of this type."
            )
        if nik_in(msgspec.json.encode([body.id, body.note])):
            raise Problem(400, "Bad Request", "`id` or `note` holds what can be read as a NIK.")
        await self._check(region, body)
        return await self._access.give(
            ReturnReport(
                id=uuid.uuid4().hex, region=region, by=claims.sub, note=body.note, unit=body.source,
                event=body.id, type=body.type,
            )
        )  # fmt: skip

    async def _check(self, region: str, body: ReturnBody) -> None:
        """Raises `Problem`: 404, 400 for another type, 409 for what was corrected or taken back, 503."""
        now_ms = self._access.now_ms()
        report = await self._reports.known(region, body.source, body.id, now_ms)
        if report is None:
            detail = (
                "This source has no report of this id of the last 30 days, or it is not stored yet."
            )
            raise Problem(404, "Not Found", detail)
        if report.type != body.type:
            raise Problem(400, "Bad Request", "`type`: the report of this id is of another type.")
        if not report.counts:
            detail = "The report was corrected or taken back: return the version that counts."
            raise Problem(409, "Conflict", detail)
