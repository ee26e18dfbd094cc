"""The registry as the audit needs it: rows in force, and what is registered on each day."""

from __future__ import annotations

from audit.scope import Scope, day_sql
from audit.scratch import Scratch
from contracts.time.windows import GROUPS
from storage.schema import STORE

_MINUTES_MS = (
    "(toUInt32(substring(meal_time, 1, 2)) * 60 + toUInt32(substring(meal_time, 4, 2))) * 60000"
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
        "SELECT d.day AS day, d.service AS service, u.unit_id AS unit_id, argMax(u.kind, u.valid_from) AS kind, "
        "argMax(u.kec, u.valid_from) AS kec, argMax(u.status, u.valid_from) = 'active' AS active, "
        "argMax(u.registered_children, u.valid_from) AS children "
        "FROM {db}.days AS d CROSS JOIN {db}.units AS u WHERE u.valid_from <= d.day GROUP BY day, service, unit_id",
    )
    scratch.make(
        "recipient_days",
        "SELECT r.*, r.status = 'active' AND k.k_active AS counts, k.k_kind AS kitchen_kind, k.k_kec AS kitchen_kec FROM ("
        "SELECT d.day AS day, d.service AS service, r.recipient_id AS recipient_id, argMax(r.kec, r.valid_from) AS kec, "
        "argMax(r.unit_id, r.valid_from) AS kitchen, argMax(r.status, r.valid_from) AS status, "
        "argMax(r.registered, r.valid_from) AS registered "
        "FROM {db}.days AS d CROSS JOIN {db}.recipients AS r WHERE r.valid_from <= d.day GROUP BY day, service, recipient_id"
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
    """Each day of the windows: whether meals are served, and its bounds."""
    first, last = day_sql(scope.counted_from), day_sql(scope.last)
    return (
        "SELECT day, toDateTime(toDateTime(day, {zone}), 'UTC') AS starts, toDateTime(toDateTime(day + 1, {zone}), 'UTC') AS ends, "
        "has(r.weekdays, toDayOfWeek(day)) AND NOT has(r.holidays, day) AS service FROM ("
        f"SELECT toDate({first} + number) AS day FROM numbers(toUInt64({last} - {first} + 1))) AS d CROSS JOIN ("
        "SELECT any(service_weekdays) AS weekdays, any(holidays) AS holidays "
        f"FROM {STORE}.registry_regions FINAL WHERE region = {scope.region_sql}) AS r"
    ).replace("{zone}", scope.zone_sql)
