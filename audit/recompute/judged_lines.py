"""A line as the audit sees it: its place, what it says, and whether the rules of section 2 accept it."""

from __future__ import annotations

from datetime import date
from typing import Final

from audit.scope import PANE_MS, Scope
from contracts.time.windows import GROUPS

PLACE: Final = "topic, partition, offset, line"
DAY_MS: Final = 86_400_000
AHEAD_MS: Final = 300_000
"""How far an event's time may lie ahead of its receipt."""
LATE_MS: Final = 30 * DAY_MS
"""And how far behind."""

ALONE: Final = "event_key NOT IN (SELECT key FROM {db}.keys)"
"""Condition on a line: it has no conflict, correction or retraction, only equal copies."""
SPARE: Final = (
    "if(event_key IN (SELECT key FROM {db}.plain), "
    "(event_key, offset, line) NOT IN (SELECT key, first.1, first.2 FROM {db}.plain), 0)"
)
"""Of a line that is `ALONE`: it is a copy of an earlier one."""
NEW: Final = (
    "if(event_key IN (SELECT key FROM {db}.odd), "
    "(event_key, offset, line) IN (SELECT key, first.1, first.2 FROM {db}.plain), 1)"
)
"""Condition on a line: it is `ALONE` and not `SPARE`. Most lines cost one look-up."""

_EATEN: Final = ", ".join(f"('{group}', data.eaten.{group})" for group in GROUPS)
_PRESENT: Final = " + ".join(f"ifNull(data.present.{group}, 0)" for group in GROUPS)
_COLUMNS: Final = (
    f"{PLACE}, toString(unit_kind) AS unit_kind, unit_id, source, id, toString(type) AS type, subject, supersedes, person, "
    "toUnixTimestamp64Milli(time) AS t, toUnixTimestamp64Milli(received_at) AS r, toUnixTimestamp64Milli(recorded_at) AS rec, "
    # What the registry is asked for: a recipient speaks for itself, and may name a kitchen.
    "if(unit_kind = 'recipient', kitchen, unit_id) AS unit_named, if(unit_kind = 'recipient', unit_id, subject) AS recipient_named, "
    "toDate(time, {zone}) AS day, "
    "toHour(time, {zone}) * 3600000 + toMinute(time, {zone}) * 60000 + toSecond(time, {zone}) * 1000 "
    "+ toUnixTimestamp64Milli(time) % 1000 AS ms_of_day, "
    "ifNull(data.cases, 0) AS cases, ifNull(data.package, 'fresh') = 'fresh' AS fresh, "
    "ifNull(data.portions, 0) AS portions, toUnixTimestamp64Milli(data.cooked_at) AS cooked, "
    "toUnixTimestamp64Milli(data.onset) AS onset, toUnixTimestamp64Milli(data.ate_at) AS ate, "
    "toUnixTimestamp64Milli(data.made_at) AS made, toUnixTimestamp64Milli(data.since) AS since, "
    "ifNull(data.kitchen, '') AS kitchen, ifNull(data.refused, 0) AS refused, ifNull(data.senses_passed, 0) AS senses_passed, "
    f"{_PRESENT} AS present, ifNull(data.absent_ill, 0) AS absent_ill, ifNull(data.ill, 0) AS ill, data.groups AS groups, "
    "ifNull(data.leftover_g, 0) AS leftover, ifNull(data.passed, 0) AS passed, "
    "ifNull(data.point, '') AS point, data.temp_c AS temp_c, data.hb_g_dl AS hb, "
    "ifNull(data.syndrome, '') AS syndrome, ifNull(data.sex, '') AS sex, ifNull(data.posture, '') AS posture, "
    "ifNull(data.age_days, 0) AS age_days, ifNull(data.weight_kg, 0) AS weight_kg, ifNull(data.height_cm, 0) AS height_cm, "
    f"arrayMap(g -> (g.1, assumeNotNull(g.2)), arrayFilter(g -> g.2 IS NOT NULL, [{_EATEN}])) AS eaten"
)
UNIT_JOIN: Final = (
    "ASOF LEFT JOIN (SELECT unit_id AS u_id, valid_from AS u_from, kind AS u_kind, kec AS u_kec FROM {db}.units) AS u "
    "ON u.u_id = l.unit_named AND u.u_from <= l.day "
)
_JOINS: Final = (
    UNIT_JOIN
    + "ASOF LEFT JOIN (SELECT recipient_id AS p_id, valid_from AS p_from, kec AS p_kec, meal_ms FROM {db}.recipients) AS p "
    "ON p.p_id = l.recipient_named AND p.p_from <= l.day"
)


def lines_of(
    scope: Scope, first: date, last: date, where: str = "1", extra: str = "", prewhere: str = ""
) -> str:
    """SELECT of lines below the cut, in columns of plain types; `where`, `prewhere` on columns of `raw_lines`."""
    columns = _COLUMNS.replace("{zone}", scope.zone_sql)
    return f"SELECT {columns}{extra} {scope.raw(first, last, prewhere)} AND ({where})"


def wrong_partition(scope: Scope) -> str:
    """Condition on `l` (topic, partition, unit_kind, unit_id): the line lies where its unit's do not belong."""
    counts = ", ".join(
        f"l.topic = '{topic}', toUInt32({len(ends)})" for topic, ends in scope.cut.lines.items()
    )
    return (
        "(l.topic != concat(l.unit_kind, '.events') "
        f"OR l.partition != bitAnd(kafkaMurmurHash(l.unit_id), 2147483647) % multiIf({counts}, 1))"
    )


def in_range(scope: Scope, point: str, temp_c: str) -> str:
    """Whether a reading is within the limits of its point."""
    limits = scope.limits
    return (
        f"ifNull(multiIf({point} = 'chiller', {temp_c} BETWEEN {limits.chiller_min_c} AND {limits.chiller_max_c}, "
        f"{point} = 'freezer', {temp_c} <= {limits.freezer_max_c}, "
        f"{point} = 'hot_holding', {temp_c} >= {limits.hot_holding_min_c}, 0), 0)"
    )


def _code(scope: Scope) -> str:
    """Why a line is refused, '' if it is not: the rules that need the registry, the time or the partition."""
    return f"""multiIf(
        {wrong_partition(scope)}, 'wrong_partition',
        l.r - l.t > {LATE_MS}, 'too_old',
        l.t - l.r > {AHEAD_MS}, 'in_future',
        l.unit_kind = 'recipient' AND p.p_id = '', 'unknown_recipient',
        l.unit_kind != 'recipient' AND u.u_id = '', 'unknown_unit',
        l.unit_kind != 'recipient' AND u.u_kind != l.unit_kind, 'wrong_kind',
        splitByChar('.', l.type)[1] NOT IN ('unit', 'event', l.unit_kind), 'wrong_kind',
        l.type = 'recipient.delivery.checked' AND u.u_id = '', 'unknown_unit',
        l.type = 'recipient.delivery.checked' AND u.u_kind != 'sppg', 'wrong_kind',
        l.subject != '' AND p.p_id = '', 'unknown_recipient',
        l.supersedes = l.id, 'self_superseding',
        l.type = 'sppg.delivery.received' AND l.cooked > l.t, 'cooked_at_after_time',
        l.type = 'sppg.delivery.received' AND l.fresh AND l.cooked IS NULL, 'missing_field',
        l.type = 'sppg.delivery.received' AND l.t - l.cooked > {LATE_MS}, 'cooked_at_too_early',
        l.type = 'clinic.case.reported' AND l.onset > l.t, 'onset_after_time',
        l.type = 'clinic.case.reported' AND ifNull(l.ate > l.onset, 0), 'ate_at_after_onset',
        l.type = 'sppg.ingredient.received' AND l.made > l.t, 'made_at_after_time',
        l.type IN ('clinic.cases.counted', 'recipient.illness.noticed') AND l.since > l.t, 'since_after_time',
        '')"""


def judged(scope: Scope, select: str) -> str:
    """`select` (of `lines_of`) with `code`, the source's `kec`, the named recipient's `rkec`, and what a delivery or reading amounts to."""
    return f"""SELECT l.*, if(l.unit_kind = 'recipient', p.p_kec, u.u_kec) AS kec, p.p_kec AS rkec, intDiv(l.t, {PANE_MS}) AS pane,
        ifNull(intDiv(l.t - l.cooked, 60000), 0) AS minutes,
        p.p_id != '' AND l.ms_of_day <= p.meal_ms AS on_time,
        {in_range(scope, "l.point", "l.temp_c")} AS in_range,
        {_code(scope)} AS code
    FROM ({select}) AS l {_JOINS}"""
