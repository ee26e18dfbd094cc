"""What the desk is shown of a single report: enough to know it again, nothing about single persons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashboard_ws.gateway.live.masking import SMALL

NAMES: Final = ("batch", "trip", "item", "point", "test", "portions", "refused", "leftover_g", "core_temp_c", "temp_c")  # fmt: skip
BY_GROUP: Final = ("eaten", "present")
PEOPLE: Final = ("absent_ill", "ill", "cases", "inpatients")
"""Counts of people who are ill."""

Fact = int | float | str | None


def is_of_people(type_: str) -> bool:
    """Whether reports of this type, counted, say how many people are ill or cared for: the health office alone sees that they are there."""
    return type_.startswith("clinic.") or type_ == "recipient.illness.noticed"


def facts_of(data: Mapping[str, Any], is_health: bool) -> dict[str, Fact]:
    """Name -> value, of the fields that tell one report from another. None: 1 to 4 people, which the health office alone is shown."""
    facts: dict[str, Fact] = {
        name: value for name in NAMES if isinstance(value := data.get(name), int | float | str)
    }
    for name in BY_GROUP:
        groups = data.get(name)
        counts = groups.values() if isinstance(groups, dict) else ()
        if known := [count for count in counts if isinstance(count, int)]:
            facts[name] = sum(known)
    for name in PEOPLE:
        count = data.get(name)
        if isinstance(count, int):
            facts[name] = count if is_health or not 0 < count < SMALL else None
    return facts
