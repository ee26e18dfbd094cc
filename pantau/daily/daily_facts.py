"""The figures of one region and local day, from what analysts see."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

_REGION: Final = (
    "SELECT name, province, timezone FROM pantau.regions WHERE region = {region:String}"
)
_ROW: Final = """
SELECT * FROM pantau.{view} WHERE region = {{region:String}} AND level = 'kabupaten' AND window = '1d' AND day = {{day:Date}} {more}"""
_RAISED: Final = """
SELECT kind, severity, count() AS raised, countIf(state != 'resolved') AS open FROM pantau.alerts
WHERE region = {region:String} AND toDate(raised_at, {zone:String}) = {day:Date} AND JSONExtractString(toString(evidence), 'part_of') = ''
GROUP BY kind, severity ORDER BY severity DESC, raised DESC, kind"""
_OPEN: Final = """
SELECT short_id, kind, severity, unit_id, subject, state, acknowledged_by, raised_at,
       JSONExtractUInt(toString(evidence), 'confirmed_count') AS confirmed_count,
       JSONExtractUInt(toString(evidence), 'recipient_count') AS recipient_count
FROM pantau.alerts
WHERE region = {region:String} AND state != 'resolved' AND toDate(raised_at, {zone:String}) <= {day:Date}
    AND JSONExtractString(toString(evidence), 'part_of') = ''
ORDER BY severity DESC, state DESC, raised_at, id"""
_NAMES: Final = """
SELECT unit_id AS id, name, synthetic FROM pantau.units WHERE region = {region:String}
UNION ALL SELECT recipient_id, name, synthetic FROM pantau.recipients WHERE region = {region:String}"""


class UnknownRegionError(LookupError):
    """No such region is in the registry today."""


class DailyFacts(NamedTuple):
    """`rows`: view -> the region's row of the day, empty if there is none; `raised`: by kind and severity; `open`: alerts of the
    day and before that are open now, the worst first.
    """

    region: str
    name: str
    province: str
    zone: ZoneInfo
    day: date
    rows: dict[str, dict[str, Any]]
    raised: list[dict[str, Any]]
    open: list[dict[str, Any]]
    names: dict[str, str]
    is_synthetic: bool


def daily_facts(client: Client, region: str, day: date) -> DailyFacts:
    """Of one day. Raises `UnknownRegionError`."""
    known = _ask(client, _REGION, region=region)
    if not known:
        raise UnknownRegionError(f"{region} is no region of the registry in force today")
    zone = known[0]["timezone"]
    rows = {}
    for view in ("performance", "coverage", "reception", "clinic_coverage"):
        more = "AND group = 'all'" if view == "coverage" else ""
        found = _ask(client, _ROW.format(view=view, more=more), region=region, day=day)
        rows[view] = found[0] if found else {}
    names = _ask(client, _NAMES, region=region)
    return DailyFacts(
        region=region,
        name=known[0]["name"],
        province=known[0]["province"],
        zone=ZoneInfo(zone),
        day=day,
        rows=rows,
        raised=_ask(client, _RAISED, region=region, day=day, zone=zone),
        open=_ask(client, _OPEN, region=region, day=day, zone=zone),
        names={one["id"]: one["name"] for one in names},
        is_synthetic=any(one["synthetic"] for one in names),
    )


def _ask(client: Client, sql: str, **given: Any) -> list[dict[str, Any]]:
    return list(client.query(sql, parameters=given).named_results())
