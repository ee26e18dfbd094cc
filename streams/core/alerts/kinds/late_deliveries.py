"""`delivery_late` and `shortfall`: what a recipient has by its meal time, and half an hour after.

One cause, one alert: while nothing has come the delivery is late; it is short once some has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from contracts.time.instant import rfc3339
from streams.core.alerts.alert import PANTAU, WASPADA, AlertCause, Resolution
from streams.core.alerts.alert_facts import DECLINED, DELIVERY
from streams.core.alerts.alert_kind import AlertRegion, QuietKind
from streams.core.alerts.kinds.silences import UNIT_SILENT
from streams.core.watched_event import WatchedEvent

LATE: Final = "delivery_late"
SHORT: Final = "shortfall"
_MINUTE_MS: Final = 60_000
_HALF_PCT: Final = 50


class LateDeliveries(QuietKind):
    """Keys: `<day>/<recipient>`; of timers `<day>/<minute of the day>`, and `<day>/end`."""

    name: ClassVar = LATE

    def timers(self, region: AlertRegion, day: int) -> Iterable[tuple[int, str]]:
        """See `AlertKind`."""
        service = region.registry.service(region.code, day)
        for minute in {service.view.recipients[one].meal_time for one in service.registered}:
            at = region.zone.moment_ms(day, minute)
            yield at, f"{day}/{minute}"
            yield at + region.limits.shortfall_after_min * _MINUTE_MS, f"{day}/{minute}"
        yield region.zone.day_start_ms(day + 1), f"{day}/end"

    def due(self, region: AlertRegion, key: str) -> None:
        """See `AlertKind`."""
        text, _, minute = key.partition("/")
        day = int(text)
        if minute == "end":
            for kind in (LATE, SHORT):
                for alert in region.book.open_of(kind, f"{day}/"):
                    region.settle(kind, alert.key, None, "day_ended")
            return
        service = region.registry.service(region.code, day)
        for recipient in service.registered:
            if service.view.recipients[recipient].meal_time == int(minute):
                self._settle(region, recipient, day)

    def event(self, region: AlertRegion, event: WatchedEvent) -> None:
        """See `AlertKind`."""
        day = region.zone.local_day(event.time)
        if event.kind == DELIVERY:
            self._settle(region, event.subject, day)
        elif event.kind == DECLINED:
            self._settle(region, event.source, day)

    def _settle(self, region: AlertRegion, recipient: str, day: int) -> None:
        service = region.registry.service(region.code, day)
        groups = service.registered.get(recipient)
        key = f"{day}/{recipient}"
        if groups is None:
            return
        row = service.view.recipients[recipient]
        meal = region.zone.moment_ms(day, row.meal_time)
        if region.now < meal or meal < region.begun or self._is_over(region, day):
            return
        wanted = sum(groups.values()) - self._declined(region, recipient, day, groups)
        deliveries = list(region.facts.of("delivered", recipient, day))
        received = sum(one.data.portions for one in deliveries)
        late = short = None
        least = wanted * region.limits.shortfall_pct / 100
        after = region.limits.shortfall_after_min
        more: dict[str, object] = {
            "meal_time": rfc3339(meal),
            "registered": wanted,
            "received": received,
        }
        silence = region.book.open(UNIT_SILENT, row.unit_id)
        part_of, severity = "", WASPADA
        if silence is not None:
            # Nothing is known of this kitchen: that is no zero, and another alert says it.
            part_of, severity = silence.id, PANTAU
            more["kitchen_silent_since"] = rfc3339(silence.start)
        if wanted and not received:
            rule: dict[str, float] = {"received_by_meal_time": 0}
            late = AlertCause(row.unit_id, recipient, meal, severity, rule, (), more, part_of)
        elif received < least and region.now >= meal + after * _MINUTE_MS:
            if received * 100 >= wanted * _HALF_PCT:
                severity = PANTAU
            rule = {"least_pct": region.limits.shortfall_pct, "minutes_after_meal_time": after}
            events = tuple(one.id for one in deliveries)
            short = AlertCause(row.unit_id, recipient, meal, severity, rule, events, more, part_of)
        why: Resolution = "declined" if not wanted else "received"
        if any(one.time <= meal < one.since for one in deliveries):
            why = "reported_late"
        region.settle(LATE, key, late, why)
        region.settle(SHORT, key, short, "nothing_received" if late else why)

    def _is_over(self, region: AlertRegion, day: int) -> bool:
        return region.now >= region.zone.day_start_ms(day + 1)

    def _declined(
        self, region: AlertRegion, recipient: str, day: int, groups: dict[str, int]
    ) -> int:
        named: set[str] = set()
        for event in region.facts.of("declined", recipient, day):
            named.update(event.data.groups or groups)
        return sum(count for group, count in groups.items() if group in named)
