"""The events that a row counts, as analysts see them in `pantau.events`."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from contracts.events.event_types import COUNTED, TYPE_OF
from contracts.registry.entities import Region
from contracts.time.windows import ALL_GROUPS, GROUPS
from dashboard_ws.gateway.api.lineage.row_area import (
    LevelName,
    Presence,
    RowName,
    ViewName,
    unit_kind,
)
from dashboard_ws.gateway.api.lineage.row_window import RowWindow
from dashboard_ws.gateway.api.reports.asking import asked
from dashboard_ws.gateway.stream.analyst_store import AnalystStore

MOST: Final = 1000
"""Events a list at most."""

# What is asked for stands in parameters; the text is put together of the parts below alone.
_BEHIND: Final = (
    "FROM pantau.events WHERE region = {region:String} AND counts = 1 "
    "AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') "
    "AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') "
    "AND type IN splitByChar(' ', {types:String})"
)
_LIST: Final = (
    "SELECT unit_id, id, type, subject, toUnixTimestamp64Milli(time), "
    "toUnixTimestamp(received_at) * 1000, supersedes"
)
_ORDER: Final = f"ORDER BY time DESC, unit_id, id LIMIT {MOST + 1}"
_OF_GROUP: Final = {group: f"AND data.eaten.{group} IS NOT NULL" for group in GROUPS}
_PRESENT: Final = (
    ", toUInt16(toDate(time, {zone:String}))) IN (SELECT arrayJoin(place.3), arrayJoin(range(place.1, place.2)) FROM "
    "(SELECT arrayJoin(JSONExtract({places:String}, 'Array(Tuple(UInt16, UInt16, Array(String)))')) AS place))"
)
_CHECK: Final = "recipient.delivery.checked"
_MEAL: Final = "sppg.meal.eaten"


class RowEvent(NamedTuple):
    """Times are epoch ms; `subject`, `supersedes`: empty where it names none."""

    source: str
    id: str
    type: str
    subject: str
    time_ms: int
    received_ms: int
    supersedes: str


class FoundEvents(NamedTuple):
    """The newest first, at most `MOST`; `in_all`: how many there are."""

    events: list[RowEvent]
    in_all: int


def types_of(view: ViewName, level: LevelName) -> list[str]:
    """Types of events that rows of the view count at this level."""
    if view == "coverage":
        return [_MEAL]
    if view == "reception" and level == "unit":
        return [_CHECK]
    kind = "recipient" if view == "reception" else unit_kind(view)
    return [TYPE_OF[cls] for cls in COUNTED if kind == cls.KIND]


class RowEvents:
    """Asks `store`."""

    def __init__(self, store: AnalystStore) -> None:
        self._store = store

    async def newest(
        self,
        row: RowName,
        window: RowWindow,
        types: list[str],
        region: Region,
        places: list[Presence],
    ) -> FoundEvents:
        """Events of `types` behind the row. `places`: who was in the kecamatan, for one. Raises `Problem` (503)."""
        given: dict[str, str | int] = {
            "region": region.code, "start": window.start_ms, "end": window.end_ms, "types": " ".join(types)
        }  # fmt: skip
        if row.level == "kecamatan":
            there = msgspec.json.encode(places).decode()
            given |= {"zone": region.timezone, "places": there}
        elif row.level != "kabupaten":
            given["area"] = row.area_id
        where = f"{_BEHIND} {_of_area(row)} {_of_group(row)}"
        found = await asked(self._store, f"{_LIST} {where} {_ORDER}", RowEvent, **given)
        if len(found) <= MOST:
            return FoundEvents(found, len(found))
        counted = await asked(self._store, f"SELECT count() {where}", tuple[int], **given)
        # Corrections may have come between the two questions: never fewer than were seen.
        return FoundEvents(found[:MOST], max(counted[0][0], len(found)))


def _of_area(row: RowName) -> str:
    """Which of the region's events are the area's."""
    if row.level == "kabupaten":
        return ""
    who = "subject" if row.view == "coverage" else "unit_id"
    if row.level == "kecamatan":
        return f"AND ({who}{_PRESENT}"
    if row.view == "reception" and row.level == "unit":
        who = "data.kitchen"
    return f"AND {who} = {{area:String}}"


def _of_group(row: RowName) -> str:
    if row.group is None or row.group == ALL_GROUPS:
        return ""
    return _OF_GROUP[row.group]
