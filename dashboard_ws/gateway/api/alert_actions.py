"""`POST /v1/alerts/{id}/ack` and `/assess`: what people do about an alert becomes a command on Kafka."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field

from chassis import logs
from chassis.http.problems import Problem
from chassis.kafka.interface import BROKER_ERRORS
from contracts.commands import Acknowledge, Assess, Command
from contracts.tokens import Claims, Role, TokenError
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub

_bearer = HTTPBearer(auto_error=False, description="Token of a person: POST /v1/desk/login")
Person = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
SendCommand = Callable[[Command], Awaitable[None]]

_log = logs.get("gateway.desk")


class AckBody(BaseModel):
    """`until`: when the acknowledgement runs out, on the region's clock; absent: never."""

    note: str = Field(default="", max_length=500)
    until: AwareDatetime | None = None


class AssessBody(BaseModel):
    """What the health office found, and why."""

    assessment: Literal["verified", "discarded"]
    note: str = Field(min_length=1, max_length=500)


class Taken(BaseModel):
    """Id of the command. The alert's row on the socket shows its effect."""

    command: str


class _AlertFacts(msgspec.Struct):
    """What is needed of an alert's live row."""

    kind: str
    state: str


class AlertActions:
    """The routes. `send` returns once Kafka has the command."""

    def __init__(self, hub: Hub, tokens: Tokens, send: SendCommand) -> None:
        self._hub = hub
        self._tokens = tokens
        self._send = send

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
        claims = self._person(bearer, "desk", "health", "admin")
        region, _ = self._open(alert_id, claims)
        until_ms = None if body.until is None else _epoch_ms(body.until)
        if until_ms is not None and until_ms <= self._hub.now_ms():
            raise Problem(400, "Bad Request", "`until` is over: give a later time, or none.")
        return await self._taken(
            Acknowledge(
                id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub,
                note=body.note, until_ms=until_ms,
            )
        )  # fmt: skip

    async def assess(self, alert_id: str, body: AssessBody, bearer: Person) -> Taken:
        """Say what a suspected cluster is. The health office's people alone may."""
        claims = self._person(bearer, "health")
        region, facts = self._open(alert_id, claims)
        if facts.kind != "foodborne_cluster":
            raise Problem(409, "Conflict", "Only a suspected cluster is assessed.")
        return await self._taken(
            Assess(
                id=uuid.uuid4().hex, region=region, alert_id=alert_id, by=claims.sub,
                note=body.note, assessment=body.assessment,
            )
        )  # fmt: skip

    def _person(self, bearer: HTTPAuthorizationCredentials | None, *roles: Role) -> Claims:
        if bearer is None:
            raise Problem(401, "Unauthorized", "Log in first: POST /v1/desk/login.", _CHALLENGE)
        try:
            claims = self._tokens.verify(bearer.credentials, "operator")
        except TokenError as error:
            raise Problem(401, "Unauthorized", str(error), _CHALLENGE) from None
        if claims.role not in roles:
            raise Problem(403, "Forbidden", f"This needs the role {' or '.join(roles)}.")
        return claims

    def _open(self, alert_id: str, claims: Claims) -> tuple[str, _AlertFacts]:
        """Region and row of an alert that the map shows. Raises `Problem` (404)."""
        for region, live in self._hub.maps.items():
            body = live.row("alerts", alert_id)
            if body is not None and (not claims.regions or region in claims.regions):
                return region, msgspec.json.decode(body, type=_AlertFacts)
        raise Problem(404, "Not Found", "There is no open alert of this id.")

    async def _taken(self, command: Command) -> Taken:
        try:
            await self._send(command)
        except BROKER_ERRORS:
            raise Problem(
                503,
                "Service Unavailable",
                "Kafka did not take it: try again.",
                {"Retry-After": "5"},
            ) from None
        _log.info(
            "a person acted on an alert", command=type(command).__name__, alert=command.alert_id,
            by=command.by, id=command.id,
        )  # fmt: skip
        return Taken(command=command.id)


_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
