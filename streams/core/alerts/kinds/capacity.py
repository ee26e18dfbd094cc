"""`over_capacity`: a kitchen cooks more portions on a day than it may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from streams.core.alerts.alert import PANTAU, WASPADA, AlertCause
from streams.core.alerts.alert_facts import COOKING
from streams.core.alerts.alert_kind import AlertRegion, QuietKind
from streams.core.watched_event import WatchedEvent

_FAR_OVER = 1.2
"""From this share of the capacity on it is waspada."""


class OverCapacity(QuietKind):
    """Keys: `<day>/<kitchen>`; of timers `<day>`: the day is over."""

    name: ClassVar = "over_capacity"

    def timers(self, region: AlertRegion, day: int) -> Iterable[tuple[int, str]]:
        """See `AlertKind`."""
        yield region.zone.day_start_ms(day + 1), str(day)

    def due(self, region: AlertRegion, key: str) -> None:
        """See `AlertKind`."""
        for alert in region.book.open_of(self.name, f"{key}/"):
            region.settle(self.name, alert.key, None, "day_ended")

    def event(self, region: AlertRegion, event: WatchedEvent) -> None:
        """See `AlertKind`."""
        if event.kind != COOKING:
            return
        day = region.zone.local_day(event.time)
        unit = region.registry.unit(event.source, day)
        if unit is None:
            return
        cooked = list(region.facts.of("cooked", event.source, day))
        portions = sum(one.data.portions for one in cooked)
        key, cause = f"{day}/{event.source}", None
        if portions > unit.capacity:
            cause = AlertCause(
                unit.unit_id,
                "",
                region.zone.day_start_ms(day),
                WASPADA if portions >= unit.capacity * _FAR_OVER else PANTAU,
                {"capacity": unit.capacity},
                tuple(one.id for one in cooked),
                {"portions": portions},
            )
        region.settle(self.name, key, cause, "corrected")
        if region.now >= region.zone.day_start_ms(day + 1):
            region.settle(self.name, key, None, "day_ended")
