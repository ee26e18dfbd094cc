"""`/v1/alerts/{id}/steps`: what the region's checklist says to do next, and what of it somebody has done."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from chassis.http.problems import Problem
from chassis.regions.steps_file import NextStep, StepsByKind
from contracts.commands import MarkStep
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person, Taken


class ListedStep(BaseModel):
    """A step as the region words it."""

    step: str
    text: str


class StepList(BaseModel):
    """In the order of the checklist. What is done stands in the alert's evidence, as `steps`."""

    steps: list[ListedStep]


class MarkBody(BaseModel):
    """`done` false: it is not done after all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": "telepon-dapur"}]})

    step: str = Field(min_length=1, max_length=100)
    done: bool = True


class StepActions:
    """The routes. `steps`: of each region."""

    def __init__(self, access: DeskAccess, steps: Mapping[str, StepsByKind]) -> None:
        self._access = access
        self._steps = steps

    def router(self) -> APIRouter:
        """Both routes."""
        router = APIRouter(prefix="/v1/alerts/{alert_id}")
        router.add_api_route("/steps", self.steps, methods=["GET"], response_model=StepList)
        router.add_api_route(
            "/steps", self.mark, methods=["POST"], status_code=202, response_model=Taken
        )
        return router

    def steps(self, alert_id: str, bearer: Person) -> StepList:
        """What to do next about an alert of this kind."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        listed = self._of(region, alert.kind)
        return StepList(steps=[ListedStep(step=one.step_id, text=one.text) for one in listed])

    async def mark(self, alert_id: str, body: MarkBody, bearer: Person) -> Taken:
        """Say that a step is done. Any person of the desk may."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        texts = {one.step_id: one.text for one in self._of(region, alert.kind)}
        if body.step not in texts:
            detail = "`step`: the region's checklist has none of this name for such an alert."
            raise Problem(400, "Bad Request", detail)
        return await self._access.give(
            MarkStep(
                id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub,
                note=texts[body.step], step=body.step, done=body.done,
            )
        )  # fmt: skip

    def _of(self, region: str, kind: str) -> tuple[NextStep, ...]:
        return self._steps.get(region, {}).get(kind, ())
