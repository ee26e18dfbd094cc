"""The rules of view `plausibility`.

Each is a condition over the rows of `performance` (level unit, window 1d, service days alone) and of `reception`.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class PlausibilityRule(NamedTuple):
    """`holds`: its condition; `figures`: name -> expression of what it depends on, whole numbers."""

    name: str
    meaning: str
    holds: str
    figures: dict[str, str]


def _same(figure: str, days: int) -> str:
    """The figure was the same on this and the service days before it, `days` in all."""
    over = f"PARTITION BY region, area_id ORDER BY day ROWS BETWEEN {days - 1} PRECEDING AND CURRENT ROW"
    last = f"groupArray({figure}) OVER ({over})"
    return f"(length({last}) = {days} AND arrayUniq({last}) = 1)"


RULES: Final = (
    PlausibilityRule(
        "received_as_registered",
        "on each of 10 service days in a row as many portions received as people are registered",
        _same("portions_received = portions_target", 10)
        + " AND portions_received = portions_target",
        {"portions_received": "portions_received", "portions_target": "portions_target"},
    ),
    PlausibilityRule(
        "same_figures",
        "the same portions cooked, dispatched, received and eaten on 5 service days in a row",
        _same("(portions_cooked, portions_dispatched, portions_received, portions_eaten)", 5)
        + " AND portions_received > 0",
        {"portions_cooked": "portions_cooked", "portions_received": "portions_received"},
    ),
    PlausibilityRule(
        "same_minutes",
        "median and greatest time from cooking to receipt of fresh deliveries are the same minutes on 5 service "
        "days in a row, 10 deliveries or more",
        _same("(cook_to_receive_p50_min, cook_to_receive_max_min)", 5)
        + " AND cook_to_receive_p50_min = cook_to_receive_max_min"
        " AND sum(deliveries) OVER (PARTITION BY region, area_id ORDER BY day ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) >= 10",
        {"minutes": "cook_to_receive_max_min", "deliveries": "deliveries"},
    ),
    PlausibilityRule(
        "dispatched_less_than_received",
        "more portions received than dispatched on a day",
        "portions_dispatched < portions_received",
        {"portions_dispatched": "portions_dispatched", "portions_received": "portions_received"},
    ),
    PlausibilityRule(
        "cooked_above_capacity",
        "more portions cooked on a day than the kitchen's capacity in force",
        "capacity > 0 AND portions_cooked > capacity",
        {"portions_cooked": "portions_cooked", "capacity": "capacity"},
    ),
    PlausibilityRule(
        "confirmed_unlike_received",
        "recipients checked at least as many deliveries as the kitchen reports, and the portions that they took or "
        "refused differ from those received by more than 10 %",
        "deliveries > 0 AND checks >= deliveries AND abs(toInt64(checked) - toInt64(portions_received)) * 10 > portions_received",
        {"portions_received": "portions_received", "portions_checked": "checked"},
    ),
)
