"""`food_refused`: a recipient refuses portions for what they are, or the senses find them bad. It warns all who got the same."""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import UNSET

from streams.core.alerts.alert import SIAGA, AlertCause
from streams.core.alerts.alert_facts import BATCH_MS, CHECK, DELIVERY
from streams.core.alerts.alert_kind import AlertRegion, QuietKind
from streams.core.watched_event import WatchedEvent

_REASONS: Final = frozenset({"spoiled", "smell", "damaged", "foreign_object"})


class RefusedFood(QuietKind):
    """Key: `<kitchen>/<recipient>/<check>`."""

    name: ClassVar = "food_refused"

    def event(self, region: AlertRegion, event: WatchedEvent) -> None:
        """See `AlertKind`."""
        if event.kind == CHECK:
            self._settle(region, event)
        elif event.kind == DELIVERY:
            # The kitchen may report after the recipient does: who else got the same is known only then.
            for alert in region.book.open_of(self.name, f"{event.source}/"):
                check = region.facts.get((alert.subject, alert.events[0]))
                if check is not None and abs(check.time - event.time) <= BATCH_MS:
                    self._settle(region, check)

    def _settle(self, region: AlertRegion, check: WatchedEvent) -> None:
        data, cause = check.data, None
        bad = sorted(_REASONS.intersection(data.reasons)) if data.refused else []
        if region.facts.get(check.key) is not None and (bad or not data.senses_passed):
            trips, batches, others = self._same_food(region, check)
            cause = AlertCause(
                data.kitchen,
                check.source,
                check.time,
                SIAGA,
                {"reasons": sorted(_REASONS), "senses_passed": False},
                (check.id,),
                {
                    "refused": data.refused,
                    "reasons": bad,
                    "senses_passed": data.senses_passed,
                    "trips": trips,
                    "batches": batches,
                    "other_recipients": others,
                },
            )
        key = f"{data.kitchen}/{check.source}/{check.id}"
        region.settle(self.name, key, cause, "corrected")

    def _same_food(
        self, region: AlertRegion, check: WatchedEvent
    ) -> tuple[list[str], list[str], list[str]]:
        """Trips and batches that the recipient got from the kitchen that day, and who else got of them."""
        kitchen, day = check.data.kitchen, region.zone.local_day(check.time)
        got = [
            one
            for one in region.facts.of("delivered", check.source, day)
            if one.source == kitchen and check.data.trip in (UNSET, one.data.trip)
        ]
        trips, batches = {one.data.trip for one in got}, {one.data.batch for one in got}
        if check.data.trip is not UNSET:
            trips.add(check.data.trip)
        same = [
            *(one for trip in trips for one in region.facts.of("trip", kitchen, trip)),
            *(one for name in batches for one in region.facts.of("batch delivered", kitchen, name)),
        ]
        others = {one.subject for one in same if abs(one.time - check.time) <= BATCH_MS}
        return sorted(trips), sorted(batches), sorted(others - {check.source})
