"""`GET /v1/lineage`: the events behind a row of a view."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel

from chassis.feeds.registry_feed import RegistryFeed
from chassis.http.problems import Problem
from contracts.registry.entities import Registry
from contracts.time.clock import rfc3339
from contracts.time.instant import BadInstantError, epoch_ms
from contracts.time.windows import WindowName
from contracts.tokens import Claims, TokenError
from dashboard_ws.gateway.api.http import Bearer, credentials, unauthorized
from dashboard_ws.gateway.api.lineage.row_area import (
    LEVELS_OF,
    GroupName,
    LevelName,
    RowName,
    ViewName,
    has_rows,
    presences,
    region_of,
)
from dashboard_ws.gateway.api.lineage.row_events import (
    FoundEvents,
    RowEvent,
    RowEvents,
    types_of,
)
from dashboard_ws.gateway.api.lineage.row_window import NoRowEndsError, RowWindow, row_window
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.api.reports.report_facts import is_of_people
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.protocol.session import is_public


class EventBehind(BaseModel):
    """`source`: id of the unit or recipient that sent it. `subject`, `supersedes`: empty where it names none. What it says is not shown."""

    source: str
    id: str
    type: str
    subject: str
    time: str
    received_at: str
    supersedes: str


class Lineage(BaseModel):
    """The row, and the events that it counts: the newest first, at most 1,000.

    `group`: of `coverage` alone. `count`: how many there are; `more`: not all are listed; `hidden`: those about
    people, which the role `health` alone is shown, are neither listed nor counted.
    """

    view: ViewName
    level: LevelName
    area_id: str
    window: WindowName
    window_start: str
    window_end: str
    group: GroupName | None = None
    events: list[EventBehind]
    count: int
    more: bool
    hidden: bool


class LineageRoute:
    """The route."""

    def __init__(self, hub: Hub, tokens: Tokens, feed: RegistryFeed, events: RowEvents) -> None:
        self._hub = hub
        self._tokens = tokens
        self._feed = feed
        self._events = events

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/lineage",
            self.lineage,
            methods=["GET"],
            response_model=Lineage,
            response_model_exclude_none=True,
        )
        return router

    async def lineage(
        self,
        bearer: Bearer,
        view: ViewName,
        level: LevelName,
        area_id: Annotated[str, Query(description="Unit, recipient, kecamatan or region id")],
        window: WindowName,
        window_end: Annotated[str, Query(description="RFC 3339, as in the row")],
        group: Annotated[GroupName | None, Query(description="Of coverage: required")] = None,
    ) -> Lineage:
        """The events that a row counts: those of its area and window that are neither corrected nor taken back."""
        claims = self._claims(bearer)
        row = RowName(view, level, area_id, group)
        _check_row(row)
        registry, region = self._region(claims, row)
        span = _span(registry, region, window, window_end)
        if not has_rows(registry, row, span.last_day):
            raise _unknown()
        types = types_of(view, level)
        shown = [one for one in types if not (is_public(claims) and is_of_people(one))]
        found = FoundEvents([], 0)
        if shown:
            places = presences(registry, region, row, span)
            found = await self._events.newest(row, span, shown, registry.region(region), places)
        return Lineage(
            view=view,
            level=level,
            area_id=area_id,
            window=window,
            window_start=rfc3339(span.start_ms),
            window_end=rfc3339(span.end_ms),
            group=group,
            events=[_behind(one) for one in found.events],
            count=found.in_all,
            more=found.in_all > len(found.events),
            hidden=len(shown) < len(types),
        )

    def _claims(self, bearer: HTTPAuthorizationCredentials | None) -> Claims:
        try:
            return self._tokens.verify(credentials(bearer))
        except TokenError as error:
            raise unauthorized(str(error)) from None

    def _region(self, claims: Claims, row: RowName) -> tuple[Registry, str]:
        """The registry, and the area's region, if it is served here and the token may read it. Raises `Problem` (404, 503)."""
        registry = self._feed.registry
        if registry is None:
            detail = "The registry is not loaded yet."
            raise Problem(503, "Service Unavailable", detail, {"Retry-After": "5"})
        region = region_of(registry, row.level, row.area_id)
        # Nobody learns of a region that he may not read whether it has such an area.
        if region not in self._hub.maps or (claims.regions and region not in claims.regions):
            raise _unknown()
        return registry, region


def _check_row(row: RowName) -> None:
    levels = LEVELS_OF[row.view]
    if row.level not in levels:
        detail = f"View {row.view} has no level {row.level}; there are {', '.join(levels)}."
        raise Problem(400, "Bad Request", detail)
    if (row.group is None) == (row.view == "coverage"):
        detail = "A row of coverage is of a group, or of all: name it. Other views have none."
        raise Problem(400, "Bad Request", detail)


def _span(registry: Registry, region: str, window: WindowName, end: str) -> RowWindow:
    try:
        return row_window(registry.zone(region), window, epoch_ms(end))
    except BadInstantError as error:
        detail = f"window_end {error}; in an address the + of an offset is written %2B."
        raise Problem(400, "Bad Request", detail) from None
    except NoRowEndsError as error:
        raise Problem(400, "Bad Request", f"window_end: {error}.") from None


def _unknown() -> Problem:
    return Problem(404, "Not Found", "The registry names no such area with rows in this view.")


def _behind(one: RowEvent) -> EventBehind:
    return EventBehind(
        source=one.source,
        id=one.id,
        type=one.type,
        subject=one.subject,
        time=rfc3339(one.time_ms),
        received_at=rfc3339(one.received_ms),
        supersedes=one.supersedes,
    )
