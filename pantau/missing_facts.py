"""Who has reported on a local day, from what analysts see."""

from __future__ import annotations

from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from contracts.time.days import day_to_iso

# A report that was corrected later was one; a correction may come after the time asked about.
_REPORTED: Final = """
SELECT unit_id, min(received_at) AS at FROM pantau.events
WHERE region = {region:String} AND retracted = 0
    AND time >= fromUnixTimestamp64Milli({start:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
    AND (type = 'sppg.delivery.received'
        OR (unit_kind = 'recipient' AND type NOT IN ('unit.heartbeat', 'event.retracted')))
GROUP BY unit_id HAVING at <= fromUnixTimestamp64Milli({by:Int64})"""
_DECLINED: Final = """
SELECT area_id, declined FROM pantau.reception
WHERE region = {region:String} AND level = 'recipient' AND window = '1d' AND day = {day:String} AND declined > 0"""
_NEWEST: Final = """
SELECT toUnixTimestamp(max(received_at)) * 1000 FROM pantau.events
WHERE region = {region:String} AND time >= fromUnixTimestamp64Milli({start:Int64})"""


class ReportedDay(NamedTuple):
    """`reported`: kitchens with a delivery, recipients with anything; `declined`: recipient -> registered of the groups declined."""

    reported: frozenset[str]
    declined: dict[str, int]


def reported_day(
    client: Client, region: str, day: int, start_ms: int, end_ms: int, by_ms: int
) -> ReportedDay:
    """Of the local day from `start_ms` to `end_ms`, by what was received until `by_ms` (epoch, the region's clock)."""
    given = {"region": region, "start": start_ms, "end": end_ms, "by": by_ms}
    reported = client.query(_REPORTED, parameters=given).result_rows
    given_day = {"region": region, "day": day_to_iso(day)}
    declined = client.query(_DECLINED, parameters=given_day).result_rows
    return ReportedDay(
        frozenset(unit_id for unit_id, _ in reported),
        {one: int(people) for one, people in declined},
    )


def newest_ms(client: Client, region: str, start_ms: int) -> int | None:
    """When the newest event since `start_ms` was received, epoch ms; None: there is none."""
    given = {"region": region, "start": start_ms}
    [[found]] = client.query(_NEWEST, parameters=given).result_rows
    return int(found) or None
