"""What every action of a person needs: who it is, which alert is meant, and Kafka's word that the command is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from chassis import logs
from chassis.feeds.registry_feed import RegistryFeed
from chassis.http.problems import Problem
from chassis.kafka.interface import BROKER_ERRORS
from contracts.commands import Command
from contracts.registry.entities import Registry
from contracts.tokens import Claims, Role, TokenError
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.protocol.session import is_public

_bearer = HTTPBearer(auto_error=False, description="Token of a person: POST /v1/desk/login")
Person = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
SendCommand = Callable[[Command], Awaitable[None]]
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}

_log = logs.get("gateway.desk")


class Taken(BaseModel):
    """Id of the command. Of an alert the row on the socket shows its effect."""

    command: str


class ShownAlert(msgspec.Struct):
    """What is needed of an alert's live row. `hidden`: columns, or places in the evidence, of counts that are not shown."""

    kind: str
    state: str
    unit_id: str = ""
    subject: str = ""
    resolved_at: str | None = None
    evidence: Any = None
    hidden: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """The evidence, whether the row has it as an object or, as in storage, as text."""
        found = self.evidence
        if isinstance(found, str):
            found = msgspec.json.decode(found)
        return found if isinstance(found, dict) else {}


class DeskAccess:
    """`send` returns once Kafka has the command."""

    def __init__(self, hub: Hub, tokens: Tokens, send: SendCommand, feed: RegistryFeed) -> None:
        self._hub = hub
        self._tokens = tokens
        self._send = send
        self._feed = feed

    def now_ms(self) -> int:
        """The region's clock, epoch ms."""
        return self._hub.now_ms()

    def registry(self, region: str) -> tuple[Registry, int]:
        """The registry, and the region's local day. Raises `Problem` (503)."""
        registry = self._feed.registry
        if registry is None or region not in registry.codes:
            detail = f"The registry of region {region} is not loaded yet."
            raise Problem(503, "Service Unavailable", detail, {"Retry-After": "5"})
        return registry, registry.local_day(region, self.now_ms())

    def person(self, bearer: HTTPAuthorizationCredentials | None, *roles: Role) -> Claims:
        """Who asks. Raises `Problem`: 401, or 403 for somebody without one of `roles`."""
        if bearer is None:
            raise Problem(401, "Unauthorized", "Log in first: POST /v1/desk/login.", _CHALLENGE)
        try:
            claims = self._tokens.verify(bearer.credentials, "operator")
        except TokenError as error:
            raise Problem(401, "Unauthorized", str(error), _CHALLENGE) from None
        if claims.role not in roles:
            raise Problem(403, "Forbidden", f"This needs the role {' or '.join(roles)}.")
        return claims

    def alert(self, alert_id: str, claims: Claims) -> tuple[str, ShownAlert]:
        """Region and row of an alert that the map shows, as this person may see it. Raises `Problem` (404)."""
        found = self.shown(alert_id, claims)
        if found is None:
            raise Problem(404, "Not Found", "There is no open alert of this id.")
        return found

    def shown(self, alert_id: str, claims: Claims) -> tuple[str, ShownAlert] | None:
        """As `alert`; None if the map shows none that this person may see."""
        for region, live in self._hub.maps.items():
            body = live.row("alerts", alert_id, is_public(claims))
            if body is not None and self.may_see(region, claims):
                return region, msgspec.json.decode(body, type=ShownAlert)
        return None

    def may_see(self, region: str, claims: Claims) -> bool:
        """Whether the region is served here, and this person's."""
        return region in self._hub.maps and (not claims.regions or region in claims.regions)

    def source(self, source_id: str, claims: Claims) -> tuple[str, str]:
        """Region of a source that this person may see, and its kind: `sppg`, `clinic` or `recipient`. Raises `Problem` (404, 503)."""
        registry = self._feed.registry
        if registry is None:
            detail = "The registry is not loaded yet."
            raise Problem(503, "Service Unavailable", detail, {"Retry-After": "5"})
        region = registry.region_of_source(source_id)
        if region is None or (claims.regions and region not in claims.regions):
            detail = "The registry names no such kitchen, clinic or recipient."
            raise Problem(404, "Not Found", detail)
        unit = registry.unit(source_id, registry.local_day(region, self.now_ms()))
        return region, "recipient" if unit is None else unit.kind

    def name_of(self, source_id: str, region: str) -> str:
        """Of a unit or recipient as the registry has it today; empty for any other. Raises `Problem` (503)."""
        registry, today = self.registry(region)
        row = registry.unit(source_id, today) or registry.recipient(source_id, today)
        return "" if row is None else row.name

    async def give(self, command: Command) -> Taken:
        """Has the command sent. Raises `Problem` (503)."""
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
            "a person gave a command", command=type(command).__name__, about=command.about,
            by=command.by, id=command.id,
        )  # fmt: skip
        return Taken(command=command.id)
