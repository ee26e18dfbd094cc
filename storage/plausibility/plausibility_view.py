"""Rows and SQL of view `plausibility`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from contracts.results.columns import Day, Label, RegionCode, Stored, String
from storage.plausibility.plausibility_rules import RULES, PlausibilityRule
from storage.schema import STORE, UNITS, text


class PlausibilityRow(msgspec.Struct):
    """One row of `plausibility`."""

    region: RegionCode
    rule: Annotated[Label, "; ".join(f"`{one.name}`: {one.meaning}" for one in RULES)]
    level: Annotated[Label, "unit: the kitchen"]
    area_id: Annotated[String, "Id of the kitchen"]
    day: Annotated[Day, "Local day that is over; of several days in a row the last"]
    figures: Annotated[
        Any, Stored("Map(String, Int64)"), "What the rule rests on, of that day, by name"
    ]


def _entry(rule: PlausibilityRule) -> str:
    figures = ", ".join(f"{text(name)}, toInt64({figure})" for name, figure in rule.figures.items())
    return f"({text(rule.name)}, toUInt8(ifNull({rule.holds}, 0)), map({figures}))"


_ENTRIES: Final = ",\n        ".join(map(_entry, RULES))
_DAYS: Final = "`level` = 'unit' AND `window` = '1d'"

# Windows of days that are not over would be questioned for what is still to be reported.
SELECT: Final = f"""SELECT region, toLowCardinality(found.1) AS rule, toLowCardinality('unit') AS level, area_id, day, found.3 AS figures
FROM
(
    SELECT p.region AS region, p.area_id AS area_id, p.day AS day,
        p.portions_cooked AS portions_cooked, p.portions_dispatched AS portions_dispatched,
        p.portions_received AS portions_received, p.portions_eaten AS portions_eaten,
        ifNull(p.portions_target, 0) AS portions_target, p.deliveries AS deliveries,
        ifNull(p.cook_to_receive_p50_min, -1) AS cook_to_receive_p50_min,
        ifNull(p.cook_to_receive_max_min, -2) AS cook_to_receive_max_min,
        u.capacity AS capacity, r.checks AS checks,
        r.portions_confirmed + r.portions_refused AS checked,
        [{_ENTRIES}] AS entries
    FROM
    (
        SELECT * FROM {STORE}.performance FINAL
        WHERE {_DAYS} AND portions_target > 0
            AND `window_end` <= (SELECT max(`time`) FROM {STORE}.positions)
    ) AS p
    LEFT JOIN (SELECT * FROM {STORE}.reception FINAL WHERE {_DAYS}) AS r
        ON p.region = r.region AND p.area_id = r.area_id AND p.day = r.day
    LEFT ASOF JOIN (SELECT * FROM {STORE}.{UNITS.name} FINAL) AS u
        ON p.region = u.region AND p.area_id = u.unit_id AND p.day >= u.valid_from
)
ARRAY JOIN entries AS found
WHERE found.2"""
