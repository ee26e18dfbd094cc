"""`GET /v1/desk/refused`: how much was refused, of whom, when and why. No values of the refused lines."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.http.problems import Problem
from contracts.time.days import day_to_iso
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person
from dashboard_ws.gateway.api.reports.asking import asked
from dashboard_ws.gateway.stream.analyst_store import AnalystStore

_MOST: Final = 300
# A unit that the registry does not name may be any text that somebody wrote into a source.
_ROWS: Final = f"""SELECT toString(toDate(received_at, {{zone:String}})) AS day, if(l.unit_id IN
    (SELECT unit_id FROM pantau.units UNION ALL SELECT recipient_id FROM pantau.recipients), l.unit_id, '') AS source,
    code, count() AS letters, countIf(attempts > 1) AS again,
    formatDateTime(max(received_at), '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS last
FROM pantau.dead_letters AS l
WHERE state = 'open' AND region IN ({{region:String}}, '') AND received_at >= toDateTime({{since:Int64}}, 'UTC')
GROUP BY day, source, code ORDER BY day DESC, letters DESC, source, code LIMIT {_MOST + 1}"""


class _Counted(NamedTuple):
    day: str
    source: str
    code: str
    letters: int
    again: int
    last: str


class RefusedCount(BaseModel):
    """Open letters of a local day. `source`: a registered unit or recipient, else empty; `name`: of it, empty too where it is not in
    force today; `again`: so many were refused once more.
    """

    day: str
    source: str
    name: str
    code: str
    letters: int
    again: int
    last: str


class RefusedList(BaseModel):
    """`since`: the first local day; `more`: there are more rows than are listed."""

    since: str
    counts: list[RefusedCount]
    more: bool


class RefusedListRoute:
    """The route."""

    def __init__(self, access: DeskAccess, store: AnalystStore) -> None:
        self._access = access
        self._store = store

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/desk/refused", self.shown, methods=["GET"], response_model=RefusedList
        )
        return router

    async def shown(
        self,
        bearer: Person,
        region: Annotated[str, Query(description="Code")],
        days: Annotated[int, Query(ge=1, le=90, description="Of so many local days")] = 7,
    ) -> RefusedList:
        """Dead letters that nobody has sent again or discarded, by day, source and code; also those that name no region."""
        claims = self._access.person(bearer, "admin")
        if claims.regions and region not in claims.regions:
            raise Problem(404, "Not Found", "No such region is served here.")
        registry, today = self._access.registry(region)
        zone = registry.region(region).timezone
        first = today - days + 1
        since_ms = registry.day_start_ms(region, first)
        found = await asked(
            self._store, _ROWS, _Counted, region=region, zone=zone, since=since_ms // 1000
        )
        counts = [
            RefusedCount(name=self._access.name_of(one.source, region), **one._asdict())
            for one in found[:_MOST]
        ]
        return RefusedList(since=day_to_iso(first), counts=counts, more=len(found) > _MOST)
