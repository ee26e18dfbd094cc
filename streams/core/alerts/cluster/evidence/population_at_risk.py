"""Who is fed by whom: the registry as the statistics need it."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from contracts.registry.entities import DayView, Registry
from contracts.time.days import Zone


class FedRecipient(NamedTuple):
    """A recipient in force: its kitchen, its kecamatan, how many are registered, minute of the day of the meal."""

    kitchen: str
    place: str
    registered: int
    meal_time: int


class _View(NamedTuple):
    recipients: dict[str, FedRecipient]
    registered_at: dict[str, int]


class PopulationAtRisk:
    """One region's recipients by local day. Make a new one when the registry changes."""

    def __init__(self, registry: Registry, region: str) -> None:
        self._registry = registry
        self._region = region
        self._views: dict[int, tuple[DayView, _View]] = {}
        self.thresholds = registry.region(region).thresholds

    @property
    def zone(self) -> Zone:
        """The region's time zone."""
        return self._registry.zone(self._region)

    def recipients(self, day: int) -> dict[str, FedRecipient]:
        """By id, of those with anybody registered, also where the kitchen is suspended: people may still fall ill."""
        return self._view(day).recipients

    def registered_at(self, day: int) -> dict[str, int]:
        """Kecamatan -> registered; '' is the region."""
        return self._view(day).registered_at

    def served(self, day: int) -> frozenset[str]:
        """Recipients for whom the calendar plans a meal on the day."""
        return frozenset(self._registry.service(self._region, day).registered)

    def _view(self, day: int) -> _View:
        row_view = self._registry.view(self._region, day)
        known = self._views.get(id(row_view))
        if known is None:
            known = self._views[id(row_view)] = (row_view, _derive(row_view))
        return known[1]


def _derive(view: DayView) -> _View:
    recipients: dict[str, FedRecipient] = {}
    registered_at: dict[str, int] = defaultdict(int)
    for row in view.recipients.values():
        registered = sum(row.registered.values())
        if registered == 0 or row.status == "closed":
            continue
        recipients[row.recipient_id] = FedRecipient(
            row.unit_id, row.kecamatan, registered, row.meal_time
        )
        registered_at[row.kecamatan] += registered
        registered_at[""] += registered
    return _View(recipients, dict(registered_at))
