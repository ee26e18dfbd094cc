"""What accepted events put into panes: one table a view, of the days that the audited windows cover.

`c` is 1 for what counts and 0 for what is only there: a row stays, at zero, if it is corrected away.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from audit.recompute import growth
from audit.recompute.judged_lines import (
    AHEAD_MS,
    LATE_MS,
    NEW,
    UNIT_JOIN,
    in_range,
    judged,
    lines_of,
    wrong_partition,
)
from audit.scope import PANE_MS, Scope, day_sql
from audit.scratch import Scratch

_NO_ROW: Final = "('unit.heartbeat', 'event.retracted')"

SUMS: Final = {
    "portions_cooked": "sumIf(portions, type = 'sppg.cooking.finished' AND c)",
    "portions_dispatched": "sumIf(portions, type = 'sppg.dispatch.departed' AND c)",
    "portions_received": "sumIf(portions, type = 'sppg.delivery.received' AND c)",
    "portions_eaten": "sumIf(arraySum(g -> g.2, eaten), type = 'sppg.meal.eaten' AND c)",
    "deliveries": "countIf(type = 'sppg.delivery.received' AND c)",
    "deliveries_on_time": "countIf(type = 'sppg.delivery.received' AND c AND on_time)",
    "deliveries_over_4h": "countIf(type = 'sppg.delivery.received' AND c AND fresh AND minutes > 240)",
    "deliveries_over_6h": "countIf(type = 'sppg.delivery.received' AND c AND fresh AND minutes > 360)",
    "tests": "countIf(type = 'sppg.food.tested' AND c)",
    "tests_failed": "countIf(type = 'sppg.food.tested' AND c AND NOT passed)",
    "temp_readings": "countIf(type = 'sppg.temperature.measured' AND c)",
    "temp_in_range": "countIf(type = 'sppg.temperature.measured' AND c AND in_range)",
    "leftover_g": "sumIf(leftover, type = 'sppg.meal.eaten' AND c)",
    "incidents": "countIf(type = 'sppg.incident.reported' AND c)",
    "events": "countIf(c)",
}
"""Additive metrics of `performance`."""

_BRIEF: Final = (
    "subject = '' AND type IN ('sppg.temperature.measured', 'sppg.cooking.finished', 'sppg.dispatch.departed', "
    "'sppg.food.tested', 'sppg.incident.reported')"
)
"""Condition on a line that names no recipient and no other time: what holds for its unit and day holds for it. Most lines are such."""
_BRIEF_SUMS: Final = frozenset(
    {
        *("portions_cooked", "portions_dispatched", "tests", "tests_failed"),
        *("temp_readings", "temp_in_range", "incidents", "events"),
    }
)


def prepare(scratch: Scratch) -> None:
    """Make the empty tables `kitchen_panes`, `meal_panes`, `clinic_events`, `recipient_events`."""
    sums = ", ".join(f"{name} UInt64" for name in SUMS)
    for name, columns in (
        (
            "kitchen_panes",
            f"day Date, pane UInt32, unit_id String, kec String, {sums}, minutes Array(UInt32)",
        ),
        (
            "meal_panes",
            "day Date, pane UInt32, recipient String, kec String, grp String, eaten UInt64",
        ),
        (
            "clinic_events",
            "day Date, pane UInt32, unit_id String, kec String, type String, c UInt8, person String, "
            "at Tuple(Int64, String, String), stunted UInt8, wasted UInt8, anaemic UInt8, foodborne UInt8, cases UInt64",
        ),
        (
            "recipient_events",
            "c UInt8, day Date, pane UInt32, unit_id String, kec String, type String, id String, rec Int64, kitchen String, "
            "portions UInt64, refused UInt64, senses_passed UInt8, eaten UInt64, leftover UInt64, present UInt64, "
            "absent_ill UInt64, ill UInt64, groups Array(String)",
        ),
    ):
        scratch.run(f"CREATE TABLE {{db}}.{name} ({columns}) ENGINE = MergeTree ORDER BY day")


def add(scratch: Scratch, scope: Scope, first: date, last: date) -> None:
    """Put the events of local days `first` .. `last` into the tables."""
    scratch.run(f"INSERT INTO {{db}}.kitchen_panes {_kitchens(scope, first, last)}")
    scratch.run(f"INSERT INTO {{db}}.meal_panes {_meals(scope, first, last)}")
    scratch.run(f"INSERT INTO {{db}}.clinic_events {_clinics(scope, first, last)}")
    scratch.run(f"INSERT INTO {{db}}.recipient_events {_recipients(scope, first, last)}")


def _accepted(
    scope: Scope, first: date, last: date, types: str, columns: str, but: str = "1"
) -> str:
    """`columns` of accepted events of the types (a condition), those with corrections with their own `c`.

    `but`: a condition on those without.
    """
    inside = f"day BETWEEN '{first.isoformat()}' AND '{last.isoformat()}' AND {types} AND type NOT IN {_NO_ROW}"
    alone = lines_of(scope, first, last, NEW, prewhere=f"{types} AND {but}")
    return (
        f"SELECT toUInt8(1) AS c, {columns} FROM ({judged(scope, alone)}) WHERE code = '' AND {inside} "
        f"UNION ALL SELECT counts AS c, {columns} FROM {{db}}.trees WHERE {inside}"
    )


def _kitchens(scope: Scope, first: date, last: date) -> str:
    columns = "day, pane, unit_id, kec, type, portions, eaten, on_time, fresh, minutes, passed, in_range, leftover"
    events = _accepted(
        scope, first, last, "startsWith(type, 'sppg.')", columns, but=f"NOT ({_BRIEF})"
    )
    sums = ", ".join(SUMS.values())
    return (
        f"SELECT day, pane, unit_id, kec, {sums}, groupArrayIf(toUInt32(minutes), type = 'sppg.delivery.received' AND c AND fresh) "
        f"FROM ({events}) GROUP BY day, pane, unit_id, kec UNION ALL {_brief(scope, first, last)}"
    )


def _brief(scope: Scope, first: date, last: date) -> str:
    """The same of brief lines: added up first, and judged by unit and day. Days of which no pane is asked for are one pane."""
    near = day_sql(scope.first - timedelta(days=1))
    inside = f"day BETWEEN {day_sql(first)} AND {day_sql(last)}"
    lines = lines_of(
        scope,
        first,
        last,
        f"{NEW} AND topic = 'sppg.events' AND unit_kind = 'sppg'",
        f", {in_range(scope, 'data.point', 'data.temp_c')} AS in_range, toUInt8(1) AS c",
        _BRIEF,
    )
    sums = ", ".join(
        f"{sql if name in _BRIEF_SUMS else 'toUInt64(0)'} AS {name}" for name, sql in SUMS.items()
    )
    by_unit = (
        f"SELECT partition, unit_id, day, if(day >= {near}, intDiv(t, {PANE_MS}), 0) AS pane, {sums} "
        f"FROM ({lines}) WHERE {inside} AND t - r <= {AHEAD_MS} AND r - t <= {LATE_MS} "
        "GROUP BY partition, unit_id, day, pane"
    )
    return (
        f"SELECT day, pane, unit_id, u.u_kec AS kec, {', '.join(SUMS)}, emptyArrayUInt32() "
        f"FROM (SELECT 'sppg.events' AS topic, 'sppg' AS unit_kind, unit_id AS unit_named, * FROM ({by_unit})) AS l {UNIT_JOIN}"
        f"WHERE NOT {wrong_partition(scope)} AND u.u_kind = 'sppg'"
    )


def _meals(scope: Scope, first: date, last: date) -> str:
    columns = "day, pane, subject, rkec, eaten"
    events = _accepted(scope, first, last, "type = 'sppg.meal.eaten'", columns)
    return (
        "SELECT day, pane, subject, rkec, one.1 AS grp, sum(one.2 * c) FROM ("
        f"SELECT *, arrayJoin(arrayPushBack(eaten, ('all', arraySum(g -> g.2, eaten)))) AS one FROM ({events})"
        ") GROUP BY day, pane, subject, rkec, grp"
    )


def _clinics(scope: Scope, first: date, last: date) -> str:
    columns = "day, pane, unit_id, kec, type, person, t, source, id, sex, age_days, posture, height_cm, weight_kg, hb, syndrome, cases"
    events = _accepted(scope, first, last, "startsWith(type, 'clinic.')", columns)
    measured = "type = 'clinic.growth.measured'"
    return (
        f"SELECT day, pane, unit_id, kec, type, c, person, (t, source, id), {measured} AND stunted, {measured} AND wasted, "
        f"ifNull(hb < 11, 0), syndrome = 'foodborne', cases FROM ({growth.scored(events)})"
    )


def _recipients(scope: Scope, first: date, last: date) -> str:
    columns = (
        "day, pane, unit_id, kec, type, id, rec, kitchen, portions, refused, senses_passed, "
        "arraySum(g -> g.2, eaten) AS all_eaten, leftover, present, absent_ill, ill, groups"
    )
    return _accepted(scope, first, last, "startsWith(type, 'recipient.')", columns)
