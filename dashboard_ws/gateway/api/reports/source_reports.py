"""Reports of one source as analysts see them in `pantau.events`."""

from __future__ import annotations

from typing import Final, NamedTuple

from contracts.time.windows import ALLOWED_LATENESS_MS
from dashboard_ws.gateway.api.reports.asking import asked
from dashboard_ws.gateway.stream.analyst_store import AnalystStore

MOST: Final = 100
"""Reports a list at most."""
_OF_SOURCE: Final = (
    "FROM pantau.events WHERE region = {region:String} AND unit_id = {source:String} "
    "AND time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
)
_LIST: Final = (
    "SELECT id, type, subject, formatDateTime(time, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), "
    "formatDateTime(received_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), supersedes != '', toString(data) "
    f"{_OF_SOURCE} AND counts = 1 AND type IN splitByChar(' ', {{types:String}}) "
    f"ORDER BY time DESC, id LIMIT {MOST + 1}"
)
_ONE: Final = f"SELECT type, counts {_OF_SOURCE} AND id = {{id:String}} LIMIT 1"


class StoredReport(NamedTuple):
    """A report that counts. Times are RFC 3339, UTC; `corrects`: it corrects an earlier one; `data`: JSON."""

    id: str
    type: str
    subject: str
    time: str
    received_at: str
    corrects: int
    data: str


class KnownReport(NamedTuple):
    """`counts`: 0 if it was corrected or taken back."""

    type: str
    counts: int


class SourceReports:
    """Asks `store`. Every question raises `Problem` (503) while ClickHouse is away."""

    def __init__(self, store: AnalystStore) -> None:
        self._store = store

    async def newest(
        self, region: str, source: str, since_ms: int, types: list[str]
    ) -> list[StoredReport]:
        """Those of `types` that happened since then, the newest first: at most `MOST` and one."""
        kinds = " ".join(types)
        return await asked(
            self._store,
            _LIST,
            StoredReport,
            region=region,
            source=source,
            since=since_ms,
            types=kinds,
        )

    async def known(self, region: str, source: str, id_: str, now_ms: int) -> KnownReport | None:
        """The report of this id, if it happened in the last 30 days: older ones may not be corrected any more. None: there is none."""
        since_ms = now_ms - ALLOWED_LATENESS_MS
        found = await asked(
            self._store, _ONE, KnownReport, region=region, source=source, since=since_ms, id=id_
        )
        return found[0] if found else None
