"""What the statistics answer. Always a suspicion ("dugaan"): that food was the cause is for the health office to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from streams.core.alerts.cluster.evidence.events_behind import EventsBehind
from streams.core.alerts.cluster.evidence.meal_reports import NewsKey

AgentClass = Literal["fast", "middle", "slow"]
SUGGESTED_AGENTS: dict[AgentClass, tuple[str, ...]] = {
    "fast": ("S. aureus toxin", "B. cereus (emetic)", "nitrite", "histamine"),
    "middle": ("B. cereus (diarrhoeal)", "C. perfringens", "V. parahaemolyticus", "Salmonella"),
    "slow": ("Salmonella", "E. coli", "norovirus"),
}
"""By the median time from meal to onset: under 6 h, under 24 h, longer."""


class Attack(msgspec.Struct, frozen=True):
    """People ill of people at risk."""

    ill: int
    at_risk: int

    @property
    def rate(self) -> float:
        """0 where nobody is known to be at risk."""
        return self.ill / self.at_risk if self.at_risk else 0.0


class LevelGrounds(msgspec.Struct, frozen=True):
    """What a level depends on.

    `chance_people`: that any kitchen of the region shows so many people known to be ill; `chance`: absence counted too.
    `named`: people who name a recipient that got the meal; `nameless`: patients near it who name none;
    `roll_calls`: attendance reports after the meal; `high`: those where absence alone is beyond chance.
    """

    chance_people: float
    chance: float
    named: int
    nameless: int
    attack_rate: float
    roll_calls: int
    high: int


class ClusterVerdict(msgspec.Struct, frozen=True):
    """The present word on one kitchen (`unit`), or on one lot over several kitchens (`lot`; `units`: them).

    `level` 0 none, 1 pantau, 2 waspada, 3 siaga. `p`: the chance of so much at this kitchen without an outbreak, for the
    tests made of it; `chance`: that any kitchen of the region shows so much. `observed` and `expected` are people with
    onset within `window_h` after the meal of `meal_day`, patients without a recipient by their share among them;
    `absent_ill` and `absent_expected` of the next attendance reports. `people`: named with a recipient of the kitchen,
    within 72 h of the meal; `unplaced`: the share of those without. Ages and moments: minutes, epoch ms.
    `last_news`: when the newest of `events` was received: 72 h later the suspicion is over.
    `events`: the newest of `all_events`. `not_yet_ill`: recipients that got it and of which nobody is known to be ill.
    `assumed`: some meals are the calendar's word alone.
    """

    unit: str
    lot: str
    units: tuple[str, ...]
    level: int
    grounds: LevelGrounds
    p: float
    chance: float
    meal_day: int
    window_h: float
    observed: float
    expected: float
    absent_ill: int
    absent_expected: float
    people: int
    unplaced: float
    attack: Attack
    attack_by_recipient: dict[str, Attack]
    attack_by_batch: dict[str, Attack]
    not_yet_ill: tuple[str, ...]
    first_onset: int | None
    last_onset: int | None
    last_news: int
    median_lag_min: int | None
    agent_class: AgentClass | None
    events: tuple[NewsKey, ...]
    all_events: EventsBehind
    assumed: bool

    @property
    def suggested_agents(self) -> tuple[str, ...]:
        """What the median time from meal to onset suggests; no finding."""
        return SUGGESTED_AGENTS[self.agent_class] if self.agent_class else ()


def roots(verdicts: Iterable[ClusterVerdict]) -> dict[tuple[str, str], ClusterVerdict]:
    """(unit, lot) of each verdict that has a kitchen's verdict as its cause -> that kitchen's.

    Two conditions: more than half of its events are the kitchen's too; and it is of a lot, or fewer than half as many people who
    name a recipient are known of it. So patients who name no recipient do not accuse all kitchens near by, and a lot has no
    alert of its own where only one kitchen's people are ill.
    """
    raised = [one for one in verdicts if one.level]
    kitchens = sorted((one for one in raised if one.unit), key=lambda one: (-one.people, one.unit))
    found = {}
    for one in raised:
        for kitchen in kitchens:
            if _is_part(one, kitchen):
                found[one.unit, one.lot] = kitchen
                break
    return found


def causes_first(verdicts: Iterable[ClusterVerdict]) -> list[ClusterVerdict]:
    """In an order in which each of `roots` stands before what it is the cause of: a lot is no cause, and a kitchen's has more people."""
    return sorted(verdicts, key=lambda one: (not one.unit, -one.people, one.unit, one.lot))


def _is_part(one: ClusterVerdict, kitchen: ClusterVerdict) -> bool:
    if one is kitchen or not kitchen.people or (one.unit and 2 * one.people >= kitchen.people):
        return False
    return 2 * one.all_events.shared(kitchen.all_events) > len(one.all_events)
