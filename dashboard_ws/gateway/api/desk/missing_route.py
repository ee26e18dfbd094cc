"""`GET /v1/desk/missing`: who has not reported today, as the live map stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.http.problems import Problem
from contracts.registry.due_reports import DueReport, due_reports, missing_reports
from contracts.registry.entities import DayView
from contracts.registry.missing_text import missing_text
from contracts.time.days import day_to_iso
from contracts.time.instant import epoch_ms
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import RegionMap

_TODAY: Final = "1d"


class MissingUnit(BaseModel):
    """`kind`: `sppg`, or a recipient's; `kitchen`: id of who feeds it; `meal_time`: local, of a kitchen the first of its recipients'."""

    unit_id: str
    name: str
    kind: str
    kecamatan: str
    kitchen: str
    meal_time: str


class MissingAnswer(BaseModel):
    """`by`: local time up to which everything received is in: it is asked about then; `due`: how many had to have reported.

    `text`: the same as a message.
    """

    day: str
    by: str
    due: int
    missing: list[MissingUnit]
    text: str


class _Row(msgspec.Struct):
    """What counts of a row of `performance` or `reception`."""

    day: str
    deliveries: int = 0
    events: int | None = 0
    declined: int | None = 0


_decoder: Final = msgspec.json.Decoder(_Row)


class MissingRoute:
    """The route."""

    def __init__(self, access: DeskAccess, hub: Hub, is_simulated: bool) -> None:
        self._access = access
        self._hub = hub
        self._is_simulated = is_simulated

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/desk/missing", self.missing, methods=["GET"], response_model=MissingAnswer
        )
        return router

    def missing(
        self,
        bearer: Person,
        region: Annotated[str | None, Query(description="Code; the first if absent")] = None,
        kecamatan: Annotated[str | None, Query(description="Code; all if absent")] = None,
    ) -> MissingAnswer:
        """Kitchens without a delivery and recipients without any report today whose meal time is over."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        code = region or next(iter(self._hub.maps))
        live = self._hub.maps.get(code)
        if live is None or (claims.regions and code not in claims.regions):
            raise Problem(404, "Not Found", "No such region is served here.")
        registry, _ = self._access.registry(code)
        if live.as_of is None:
            detail = f"Region {code} has no live rows yet: its stream has not begun."
            raise Problem(503, "Service Unavailable", detail, {"Retry-After": "5"})
        # What came in after `as_of` may not be in yet: asked by then, nobody is named for the gateway's own delay.
        as_of = epoch_ms(live.as_of)
        day, by_min = registry.local_day(code, as_of), registry.minute_of_day(code, as_of)
        reported, declined = _of_day(live, registry.view(code, day), day_to_iso(day))
        due = [
            one
            for one in due_reports(registry, code, day, by_min, declined)
            if kecamatan in (None, one.kecamatan)
        ]
        found = missing_reports(due, reported)
        facts = registry.region(code)
        names = {one.code: one.name for one in facts.kecamatan}
        return MissingAnswer(
            day=day_to_iso(day),
            by=_clock(by_min),
            due=len(due),
            missing=[MissingUnit(**_shown(one)) for one in found.missing],
            text=missing_text(found, facts.name, names, day, by_min, by_min, self._is_simulated),
        )


def _of_day(live: RegionMap, view: DayView, day: str) -> tuple[set[str], dict[str, int]]:
    """Kitchens with a delivery and recipients with anything that counts; recipient -> registered of the groups declined."""
    reported = {
        id_ for id_, row in _rows(live, "performance/unit", view.units, day) if row.deliveries
    }
    declined: dict[str, int] = {}
    for id_, row in _rows(live, "reception/recipient", view.recipients, day):
        if row.events:
            reported.add(id_)
        if row.declined:
            declined[id_] = row.declined
    return reported, declined


def _rows(
    live: RegionMap, level: str, ids: Mapping[str, Any], day: str
) -> Iterator[tuple[str, _Row]]:
    """Rows of the local day; the map may still have those of the day before."""
    topic = level.partition("/")[0]
    for id_ in ids:
        body = live.row(topic, f"{level}/{id_}/{_TODAY}", public=False)
        if body is not None and (row := _decoder.decode(body)).day == day:
            yield id_, row


def _shown(one: DueReport) -> dict[str, Any]:
    return msgspec.structs.asdict(one) | {"meal_time": _clock(one.meal_time)}


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
