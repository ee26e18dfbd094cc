"""`/v1/...` and `/sse` of the gateway."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from chassis.http.problems import Problem
from contracts.time.clock import rfc3339
from contracts.tokens import Claims, TokenError
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.connections.sse import EventStream, parse_position
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import Filter, MapPosition
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import (
    TOPICS,
    Close,
    Closed,
    Session,
    check_region,
    is_public,
    make_filter,
)

_bearer = HTTPBearer(auto_error=False, description="A wall's or an operator's token")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_WHOLE: Final = 1 << 62
"""One part, however large: /v1/state is one object."""


class Login(BaseModel):
    """A one-time code."""

    code: str = Field(min_length=1, max_length=4096)


class Token(BaseModel):
    """A wall token and when it ends."""

    token: str
    expires: str


def unauthorized(detail: str) -> Problem:
    """401."""
    return Problem(401, "Unauthorized", detail, {"WWW-Authenticate": "Bearer"})


def credentials(bearer: HTTPAuthorizationCredentials | None) -> str:
    """The token that was sent. Raises `Problem` 401."""
    if bearer is None:
        raise unauthorized("Send the header Authorization: Bearer <token>.")
    return bearer.credentials


def _split(values: list[str] | None) -> list[str] | None:
    """`?levels=a,b` and `?levels=a&levels=b` say the same. None: nothing is named, as by `?levels=`."""
    return [part for value in values or () for part in value.split(",") if part] or None


def _answer(exchange: tuple[str, int]) -> Token:
    token, exp = exchange
    return Token(token=token, expires=rfc3339(exp * 1000))


def _etag(position: MapPosition, region: str, wanted: Filter) -> str:
    """What the rows depend on. Whoever holds these rows holds them under any later clock."""
    parts = (region, *sorted(wanted.topics), "|", *sorted(wanted.levels or ("*",)))
    which = hashlib.sha256("/".join((*parts, str(wanted.public))).encode()).hexdigest()[:12]
    return f"{position.epoch}:{position.seq}:{which}"


def _known_tag(if_none_match: str | None, etag: str) -> str | None:
    """The tag of what the client has, if that still holds. A proxy that packs an answer makes its tag a weak one (W/)."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in (if_none_match or "").split(","))
    return next((tag for tag in tags if tag == "*" or tag.rpartition(":")[0] == etag), None)


class Api:
    """The routes' common ground."""

    def __init__(self, hub: Hub, tokens: Tokens, build: Callable[[], str]) -> None:
        self._hub = hub
        self._tokens = tokens
        self._build = build

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter()
        router.add_api_route("/v1/login", self.login, methods=["POST"], response_model=Token)
        router.add_api_route("/v1/token", self.renew, methods=["POST"], response_model=Token)
        router.add_api_route("/v1/state", self.state, methods=["GET"], response_model=None)
        router.add_api_route("/sse", self.sse, methods=["GET"], response_model=None)
        return router

    def login(self, login: Login) -> Token:
        """Trade a one-time code for a wall token."""
        try:
            return _answer(self._tokens.login(login.code))
        except TokenError as error:
            raise unauthorized(str(error)) from None

    def renew(self, bearer: Bearer) -> Token:
        """A fresh wall token for one that is still valid."""
        try:
            return _answer(self._tokens.renew(credentials(bearer)))
        except TokenError as error:
            raise unauthorized(str(error)) from None

    def claims(self, bearer: HTTPAuthorizationCredentials | None, region: str) -> Claims:
        """Claims of a token that may read the region. Raises `Problem` (401, 403, 404)."""
        try:
            claims = self._tokens.verify(credentials(bearer))
            check_region(claims, region, tuple(self._hub.maps))
        except TokenError as error:
            raise unauthorized(str(error)) from None
        except Closed as closed:
            if closed.code is Close.FORBIDDEN:
                raise Problem(403, "Forbidden", closed.detail) from None
            raise Problem(404, "Not Found", closed.detail) from None
        return claims

    def _subscription(
        self,
        bearer: HTTPAuthorizationCredentials | None,
        region: str,
        topics: list[str] | None,
        levels: list[str] | None,
    ) -> tuple[Claims, Subscription]:
        claims = self.claims(bearer, region)
        try:
            asked = _split(topics)
            wanted = make_filter(
                TOPICS if asked is None else asked, _split(levels), is_public(claims)
            )
        except Closed as closed:
            raise Problem(400, "Bad Request", closed.detail) from None
        return claims, Subscription(region, wanted, None)

    async def state(
        self,
        region: str,
        bearer: Bearer,
        levels: Annotated[list[str] | None, Query()] = None,
        topics: Annotated[list[str] | None, Query()] = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """One snapshot: `{"op":"snapshot","epoch","seq","now","part":1,"parts":1,"rows"}`.

        304 while the rows are those of the ETag that the client names.
        """
        _, subscription = self._subscription(bearer, region, topics, levels)
        update = self._hub.maps[region].since(None, subscription.wanted)
        if update is None:
            raise Problem(
                503,
                "Service Unavailable",
                f"Region {region} has no live rows yet: its stream has not begun.",
                {"Retry-After": "5"},
            )
        now = self._hub.now()
        etag = _etag(update.position, region, subscription.wanted)
        headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
        known = _known_tag(if_none_match, etag)
        if known is not None:
            return Response(status_code=304, headers=headers | {"ETag": f'"{known}"'})
        text = wire.snapshot(update, now, _WHOLE)[0].text
        # `now` is in the content, so it is in the tag: equal tags are equal bytes.
        tag = now.replace(":", "")
        return Response(text, 200, headers | {"ETag": f'"{etag}:{tag}"'}, "application/json")

    async def sse(
        self,
        region: str,
        bearer: Bearer,
        topics: Annotated[list[str] | None, Query()] = None,
        levels: Annotated[list[str] | None, Query()] = None,
        since: Annotated[str | None, Query(description="epoch:seq")] = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response:
        """The frames of `/ws` as server-sent events; goes on from Last-Event-ID or `since`."""
        claims, subscription = self._subscription(bearer, region, topics, levels)
        subscription.reached = parse_position(last_event_id or since or "")
        session = Session(self._tokens, tuple(self._hub.maps), time.monotonic())
        session.claims, session.subscription = claims, subscription
        return EventStream(self._hub, session, self._build(), claims.exp)
