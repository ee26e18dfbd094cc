"""Suspected clusters as analysts see them in `pantau.alerts`, as long as the health office may assess them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from contracts.commands import ASSESSABLE_MS
from dashboard_ws.gateway.api.reports.asking import asked
from dashboard_ws.gateway.stream.analyst_store import AnalystStore

MOST: Final = 300
"""Clusters a list at most."""
_CLUSTERS: Final = "FROM pantau.alerts WHERE kind = 'foodborne_cluster'"
_SINCE: Final = "toDateTime({since:Int64}, 'UTC')"
# Shown are only alerts that are no part of another, as on the wall.
_OVER: Final = f"""SELECT id, short_id, unit_id, subject, severity,
    formatDateTime(raised_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), formatDateTime(resolved_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), resolution,
    ifNull(evidence.people.:Int64, 0), ifNull(evidence.grounds.nameless.:Int64, 0),
    assessment, assessed_by, formatDateTime(assessed_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), note
{_CLUSTERS} AND region = {{region:String}} AND state = 'resolved' AND resolved_at >= {_SINCE} AND evidence.part_of.:String IS NULL
ORDER BY resolved_at DESC, id LIMIT {MOST + 1}"""
_REGION: Final = f"SELECT region {_CLUSTERS} AND id = {{id:String}} AND (state != 'resolved' OR resolved_at >= {_SINCE})"


class StoredCluster(NamedTuple):
    """One that is over. `people`: ill, of known recipients; `nameless`: patients near it without a recipient. Times are RFC 3339, UTC."""

    id: str
    short_id: str
    unit_id: str
    subject: str
    severity: int
    raised_at: str
    resolved_at: str
    resolution: str
    people: int
    nameless: int
    assessment: str
    assessed_by: str
    assessed_at: str | None
    note: str


class _OfRegion(NamedTuple):
    region: str


class StoredClusters:
    """Asks `store`. Every question raises `Problem` (503) while ClickHouse is away. `now_ms`: the region's clock."""

    def __init__(self, store: AnalystStore) -> None:
        self._store = store

    async def over(self, region: str, now_ms: int) -> list[StoredCluster]:
        """Those that may still be assessed, the last that ended first: at most `MOST` and one."""
        return await self._rows(_OVER, StoredCluster, now_ms, region=region)

    async def region_of(self, alert_id: str, now_ms: int) -> str | None:
        """Region of a cluster that may still be assessed, open or over; None: there is none of this id."""
        found = await self._rows(_REGION, _OfRegion, now_ms, id=alert_id)
        return found[0].region if found else None

    async def _rows(self, query: str, row: type[Any], now_ms: int, **given: str) -> list[Any]:
        since = (now_ms - ASSESSABLE_MS) // 1000
        return await asked(self._store, query, row, since=since, **given)
