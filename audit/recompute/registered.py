"""The registry as the audit needs it: rows in force, and what is registered on each day."""

from __future__ import annotations

from audit.scope import Scope, day_sql
from audit.scratch import Scratch
from contracts.time.windows import GROUPS
from storage.schema import STORE

_MINUTES_MS = (
    "(toUInt32(substring(meal_time, 1, 2)) * 60 + toUInt32(substring(meal_time, 4, 2))) * 60000"
)


# Of a recipient's group on a day: the line with the narrowest scope, then one that names the group, then the later
# line. A line is (scope, groups, number, served); a holiday is one of the region's, the weekday one of the widest scope.
_SERVED = (
    "arrayReverseSort(arrayMap(c -> ("
    "multiIf(c.1 = recipient_id, 5, c.1 = kitchen, 4, c.1 = kec, 3, c.1 = '', 2, c.1 = 'weekday', 1, 0) "
    "* (empty(c.2) OR has(c.2, g.1)), notEmpty(c.2), c.3, c.4), lines))[1].4"
)


def build(scratch: Scratch, scope: Scope) -> None:
    """Make `units`, `recipients` (all rows), `days`, and `unit_days`, `recipient_days` (rows in force a day)."""
    region = scope.region_sql
    scratch.make(
        "units",
        "SELECT unit_id, valid_from, kind, toString(kecamatan) AS kec, toString(status) AS status, registered_children "
        f"FROM {STORE}.registry_units FINAL WHERE region = {region}",
    )
    groups = ", ".join(f"('{group}', toUInt64({group}))" for group in GROUPS)
    scratch.make(
        "recipients",
        f"SELECT recipient_id, valid_from, toString(kecamatan) AS kec, unit_id, toString(status) AS status, {_MINUTES_MS} AS meal_ms, "
        f"arrayFilter(g -> g.2 > 0, [{groups}]) AS registered "
        f"FROM {STORE}.registry_recipients FINAL WHERE region = {region}",
    )
    scratch.make("days", _days(scope))
    scratch.make(
        "unit_days",
        "SELECT d.day AS day, u.unit_id AS unit_id, argMax(u.kind, u.valid_from) AS kind, "
        "argMax(u.kec, u.valid_from) AS kec, argMax(u.status, u.valid_from) = 'active' AS active, "
        "argMax(u.registered_children, u.valid_from) AS children "
        "FROM {db}.days AS d CROSS JOIN {db}.units AS u WHERE u.valid_from <= d.day GROUP BY day, unit_id",
    )
    scratch.make(
        "recipient_days",
        "SELECT r.*, r.status = 'active' AND k.k_active AS counts, k.k_kind AS kitchen_kind, k.k_kec AS kitchen_kec, "
        f"if(counts, arrayFilter(g -> {_SERVED}, registered), []) AS served FROM ("
        "SELECT d.day AS day, any(d.lines) AS lines, r.recipient_id AS recipient_id, "
        "argMax(r.kec, r.valid_from) AS kec, "
        "argMax(r.unit_id, r.valid_from) AS kitchen, argMax(r.status, r.valid_from) AS status, "
        "argMax(r.registered, r.valid_from) AS registered "
        "FROM {db}.days AS d CROSS JOIN {db}.recipients AS r WHERE r.valid_from <= d.day GROUP BY day, recipient_id"
        ") AS r LEFT JOIN ("
        "SELECT day AS k_day, unit_id AS k_id, active AS k_active, kind AS k_kind, kec AS k_kec FROM {db}.unit_days) AS k "
        "ON k.k_day = r.day AND k.k_id = r.kitchen",
    )
    scratch.make(
        "areas",
        "SELECT 'kecamatan' AS level, toString(arrayJoin(kecamatan).code) AS area "
        f"FROM {STORE}.registry_regions FINAL WHERE region = {region} "
        f"UNION ALL SELECT 'kabupaten', {region}",
    )


def _days(scope: Scope) -> str:
    """Each day of the windows: its bounds, and the lines of the calendar that cover it."""
    first, last = day_sql(scope.counted_from), day_sql(scope.last)
    region, zone = scope.region_sql, scope.zone_sql
    return (
        f"SELECT day, toDateTime(toDateTime(day, {zone}), 'UTC') AS starts, toDateTime(toDateTime(day + 1, {zone}), 'UTC') AS ends, "
        "arrayConcat([('weekday', CAST([], 'Array(String)'), toUInt32(0), has(r.weekdays, toDayOfWeek(day)))], "
        "arrayMap(h -> ('', CAST([], 'Array(String)'), toUInt32(0), toUInt8(0)), arrayFilter(h -> h = day, r.holidays)), "
        "arrayMap(c -> (c.3, c.4, c.5, c.6), arrayFilter(c -> day BETWEEN c.1 AND c.2, r.calendar))) AS lines FROM ("
        f"SELECT toDate({first} + number) AS day FROM numbers(toUInt64({last} - {first} + 1))) AS d CROSS JOIN ("
        "SELECT any(service_weekdays) AS weekdays, any(holidays) AS holidays, "
        "(SELECT groupArray((first_day, last_day, scope, groups, number, served)) "
        f"FROM {STORE}.registry_calendar FINAL WHERE region = {region}) AS calendar "
        f"FROM {STORE}.registry_regions FINAL WHERE region = {region}) AS r"
    )
