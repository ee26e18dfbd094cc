"""`/v1/alerts/{id}/hold` and `/release`: stop a batch at the recipients that got it, and lift that again."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from chassis.http.problems import Problem
from contracts.commands import HOLD, MOST_RECIPIENTS, Hold, Release
from contracts.registry.entities import Registry
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person, ShownAlert, Taken
from dashboard_ws.gateway.api.desk.hold_proposal import HoldProposal, proposal

_Id = Annotated[str, Field(min_length=1, max_length=100)]


class HoldBody(BaseModel):
    """`note`: why, as the recipients are shown it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch": "B-2",
                    "recipients": ["npsn:20208123", "npsn:20208124"],
                    "note": "Uji nitrit gagal. Jangan dimakan, simpan untuk diperiksa.",
                }
            ]
        }
    )

    batch: _Id
    recipients: list[_Id] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    note: str = Field(min_length=1, max_length=500)


class ReleaseBody(BaseModel):
    """Why the food may be eaten, or is no longer there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Uji ulang baik."}]})

    note: str = Field(min_length=1, max_length=500)


class HoldTaken(Taken):
    """`hold`: id of the alert that shows the hold from now on."""

    hold: str


class HoldActions:
    """The routes."""

    def __init__(self, access: DeskAccess) -> None:
        self._access = access

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter(prefix="/v1/alerts/{alert_id}")
        router.add_api_route("/hold", self.propose, methods=["GET"], response_model=HoldProposal)
        router.add_api_route(
            "/hold", self.hold, methods=["POST"], status_code=202, response_model=HoldTaken
        )
        router.add_api_route(
            "/release", self.release, methods=["POST"], status_code=202, response_model=Taken
        )
        return router

    def propose(self, alert_id: str, bearer: Person) -> HoldProposal:
        """Which batches and recipients a hold because of this alert would be of."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        registry, day = self._access.registry(region)
        self._check_kitchen(registry, alert, day)
        return proposal(registry, region, day, alert)

    async def hold(self, alert_id: str, body: HoldBody, bearer: Person) -> HoldTaken:
        """Stop a batch of the alert's kitchen at these recipients. Any person of the desk may."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        registry, day = self._access.registry(region)
        self._check_kitchen(registry, alert, day)
        in_force = registry.recipients_in_force(region, day)
        if not all(one in in_force for one in body.recipients):
            detail = "`recipients`: not all have a row in the registry of this region today."
            raise Problem(400, "Bad Request", detail)
        order = Hold(
            id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub, note=body.note,
            unit=alert.unit_id, batch=body.batch, recipients=tuple(dict.fromkeys(body.recipients)),
        )  # fmt: skip
        taken = await self._access.give(order)
        return HoldTaken(command=taken.command, hold=order.shown_as)

    async def release(self, alert_id: str, body: ReleaseBody, bearer: Person) -> Taken:
        """Lift a hold. The health office and the administration may: to stop is easier than to let go."""
        claims = self._access.person(bearer, "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        if alert.kind != HOLD or alert.state == "resolved":
            raise Problem(409, "Conflict", "Only a hold that stands is lifted.")
        return await self._access.give(
            Release(
                id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub, note=body.note
            )
        )  # fmt: skip

    def _check_kitchen(self, registry: Registry, alert: ShownAlert, day: int) -> None:
        unit = registry.unit(alert.unit_id, day)
        if unit is None or unit.kind != "sppg":
            detail = "This alert is of no kitchen: there is no batch to hold."
            raise Problem(409, "Conflict", detail)
