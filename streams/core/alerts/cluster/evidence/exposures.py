"""Meals as exposures: who got what a kitchen, or one lot, served on a local day."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from streams.core.alerts.cluster.evidence.finding_store import DAY_MS, FindingStore
from streams.core.alerts.cluster.evidence.findings import BatchCooked, MealServed
from streams.core.alerts.cluster.evidence.population_at_risk import FedRecipient, PopulationAtRisk


class ServedRecipient(NamedTuple):
    """A recipient and its meal: when people ate (epoch ms) and how many are at risk.

    `at_risk`: present that day, where reported; else registered; else portions. `assumed`: no event tells of the meal,
    the registry and the calendar say that there was one.
    """

    recipient: str
    kitchen: str
    place: str
    ate: int
    at_risk: int
    batches: frozenset[str] = frozenset()
    trips: frozenset[str] = frozenset()
    assumed: bool = False


class Exposure(NamedTuple):
    """Everybody who got it. `unit`: the kitchen, '' for a lot over several; `lot`: '' for a kitchen."""

    unit: str
    lot: str
    day: int
    served: tuple[ServedRecipient, ...]


class Exposures:
    """Exposures by local day, worked out once and again when a finding of that day comes."""

    def __init__(self, store: FindingStore, population: PopulationAtRisk) -> None:
        self._store = store
        self._population = population
        self._days: dict[int, dict[str, tuple[ServedRecipient, ...]]] = {}

    def day_changed(self, day: int) -> None:
        """A meal or an attendance report of that day came, changed or went."""
        self._days.pop(day, None)

    def forget(self, before: int) -> None:
        """Drops the days before a local day."""
        self._days = {day: served for day, served in self._days.items() if day >= before}

    def of_kitchens(self, day: int) -> list[Exposure]:
        """One a kitchen that served on the day, by id."""
        return [Exposure(kitchen, "", day, served) for kitchen, served in self._on(day).items()]

    def of_lots(self, day: int) -> list[Exposure]:
        """One for each lot that more than one kitchen cooked with and served on the day, by lot."""
        served: dict[str, list[ServedRecipient]] = defaultdict(list)
        for kitchen, meals in self._on(day).items():
            batches = [
                one
                for one in self._store.chunk(f"kitchen|{kitchen}").findings.values()
                if isinstance(one, BatchCooked)
            ]
            for meal in meals if batches else ():
                for lot in sorted(_lots_of(meal, batches)):
                    served[lot].append(meal)
        return [
            Exposure("", lot, day, tuple(meals))
            for lot, meals in sorted(served.items())
            if len({meal.kitchen for meal in meals}) > 1
        ]

    def _on(self, day: int) -> dict[str, tuple[ServedRecipient, ...]]:
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = self._work_out(day)
        return known

    def _work_out(self, day: int) -> dict[str, tuple[ServedRecipient, ...]]:
        fed = self._population.recipients(day)
        planned = self._population.served(day)
        found: dict[str, list[ServedRecipient]] = defaultdict(list)
        reported = {recipient for recipient, _ in self._store.of_kind("recipient")}
        for recipient in sorted(reported | planned):
            for one in self._meals(recipient, day, fed.get(recipient), recipient in planned):
                found[one.kitchen].append(one)
        return {kitchen: tuple(found[kitchen]) for kitchen in sorted(found)}

    def _meals(
        self, recipient: str, day: int, fed: FedRecipient | None, planned: bool
    ) -> list[ServedRecipient]:
        chunk = self._store.chunk(f"recipient|{recipient}")
        call = chunk.roll_calls().get(day)
        present = call.present if call else 0
        place = fed.place if fed else ""
        by_kitchen: dict[str, list[MealServed]] = defaultdict(list)
        for one in chunk.findings.values():
            if isinstance(one, MealServed) and self._population.zone.local_day(one.at) == day:
                by_kitchen[one.kitchen].append(one)
        noon = self._population.zone.moment_ms(day, fed.meal_time) if fed else None
        if not by_kitchen and planned and fed and noon is not None:
            at_risk = present or fed.registered
            return [ServedRecipient(recipient, fed.kitchen, place, noon, at_risk, assumed=True)]
        return [
            ServedRecipient(
                recipient,
                kitchen,
                place,
                _ate(meals, noon),
                present or (fed.registered if fed else max(one.portions for one in meals)),
                frozenset(one.batch for one in meals if one.batch),
                frozenset(one.trip for one in meals if one.trip),
            )
            for kitchen, meals in sorted(by_kitchen.items())
            if any(one.portions for one in meals)
        ]


def _lots_of(meal: ServedRecipient, batches: list[BatchCooked]) -> set[str]:
    """A batch name holds within 24 hours: kitchens use it again."""
    return {
        lot
        for one in batches
        if one.batch in meal.batches and 0 <= meal.ate - one.at <= DAY_MS
        for lot in one.lots
    }


def _ate(meals: list[MealServed], meal_time: int | None) -> int:
    """When people ate: at the meal time, later if the food came later; earlier if they are reported to have eaten."""
    delivered = [one.at for one in meals if not one.eaten]
    eaten = [one.at for one in meals if one.eaten]
    if delivered:
        usual = max(min(delivered), meal_time or 0)
        return min([usual, *eaten])
    return min(eaten) if meal_time is None else min([meal_time, *eaten])
