"""`over_4h`, `unsafe_batch` and `old_food`: food that should not be eaten, by what is known of its batch.

All three end when somebody has taken note; a correction that takes the cause away ends them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import UNSET

from contracts.time.instant import epoch_ms, rfc3339
from streams.core.alerts.alert import SIAGA, WASPADA, AlertCause
from streams.core.alerts.alert_facts import BATCH_MS, COOKING, DELIVERY, DISPATCH, INGREDIENT, TEST
from streams.core.alerts.alert_kind import AlertRegion, QuietKind
from streams.core.watched_event import WatchedEvent

OVER_4H: Final = "over_4h"
UNSAFE: Final = "unsafe_batch"
OLD: Final = "old_food"
_CORRECTED: Final = "corrected"
_MINUTE_MS: Final = 60_000
_OLD_LOT_MS: Final = 24 * 60 * _MINUTE_MS
_OLD_MEAL_MIN: Final = 12 * 60


class FoodBatches(QuietKind):
    """Keys of `over_4h` and of old meals: the delivery; of `unsafe_batch`: the failed test; of old lots: cooking and lot."""

    name: ClassVar = UNSAFE

    def event(self, region: AlertRegion, event: WatchedEvent) -> None:
        """See `AlertKind`."""
        if event.kind == DELIVERY:
            self._settle_delivery(region, event)
            self._settle_batch(region, event.source, event.data.batch)
            for cooking in _near(region, "batch cooked", event, event.data.batch):
                self._settle_lots(region, cooking)
        elif event.kind == DISPATCH:
            for batch in event.data.batches:
                self._settle_batch(region, event.source, batch)
        elif event.kind == TEST:
            self._settle_test(region, event)
            # If it is taken back, another failed test of the batch may still stand behind the same alert.
            self._settle_batch(region, event.source, event.data.batch)
        elif event.kind == COOKING:
            self._settle_lots(region, event)
        elif event.kind == INGREDIENT:
            for cooking in list(region.facts.of("lot cooked", event.source, event.data.lot)):
                self._settle_lots(region, cooking)

    def _settle_delivery(self, region: AlertRegion, event: WatchedEvent) -> None:
        minutes = _minutes_after_cooking(event)
        long = old = None
        if region.facts.get(event.key) is not None and minutes is not None:
            limits = region.limits
            more = {"minutes": minutes, "batch": event.data.batch, "portions": event.data.portions}
            about = (event.source, event.subject, event.time)
            if minutes > limits.over_4h_min:
                severity = SIAGA if minutes > limits.over_6h_min else WASPADA
                rule = {"over_min": limits.over_4h_min, "siaga_over_min": limits.over_6h_min}
                long = AlertCause(*about, severity, rule, (event.id,), more)
            if minutes > _OLD_MEAL_MIN:
                old = AlertCause(*about, SIAGA, {"over_min": _OLD_MEAL_MIN}, (event.id,), more)
        key = f"{event.source}/{event.id}"
        region.settle(OLD, key, old, _CORRECTED)
        if long is not None:
            long = long._replace(part_of=self._same_cause(region, event, key))
        region.settle(OVER_4H, key, long, _CORRECTED)

    def _same_cause(self, region: AlertRegion, event: WatchedEvent, key: str) -> str:
        """Id of the alert that says already what is wrong: the meal is old, or another recipient of the batch got it too late."""
        older = region.book.open(OLD, key)
        if older is not None:
            return older.id
        for other in _near(region, "batch delivered", event, event.data.batch):
            first = region.book.open(OVER_4H, f"{other.source}/{other.id}")
            if other.id == event.id:
                break
            if first is not None and b'"part_of"' not in first.evidence:
                return first.id
        return ""

    def _settle_batch(self, region: AlertRegion, unit: str, batch: str) -> None:
        for test in list(region.facts.of("batch tested", unit, batch)):
            self._settle_test(region, test)

    def _settle_test(self, region: AlertRegion, test: WatchedEvent) -> None:
        batch, cause = test.data.batch, None
        if region.facts.get(test.key) is not None and not test.data.passed:
            dispatched = list(_near(region, "batch dispatched", test, batch))
            delivered = list(_near(region, "batch delivered", test, batch))
            uses = [*dispatched, *delivered]
            if uses:
                cause = AlertCause(
                    test.source,
                    batch,
                    min(test.time, *(one.time for one in uses)),
                    SIAGA,
                    {"test": test.data.test, "passed": False, "batch_hours": 24},
                    (test.id, *(one.id for one in uses)),
                    {
                        "tested_at": rfc3339(test.time),
                        "trips": sorted({one.data.trip for one in uses}),
                        "recipients": sorted({one.subject for one in delivered}),
                        "portions": sum(one.data.portions for one in delivered),
                    },
                )
        region.settle(UNSAFE, f"{test.source}/{test.id}", cause, _CORRECTED)

    def _settle_lots(self, region: AlertRegion, cooking: WatchedEvent) -> None:
        # A report may name one lot a hundred times.
        for lot in dict.fromkeys(cooking.data.lots or ()):
            cause = self._old_lot(region, cooking, lot)
            region.settle(OLD, f"{cooking.source}/{cooking.id}/{lot}", cause, _CORRECTED)

    def _old_lot(self, region: AlertRegion, cooking: WatchedEvent, lot: str) -> AlertCause | None:
        if region.facts.get(cooking.key) is None:
            return None
        ready = [
            one
            for one in region.facts.of("lot", cooking.source, lot)
            if one.data.ready_to_eat and one.data.made_at is not UNSET
        ]
        if not ready:
            return None
        oldest = min(ready, key=lambda one: epoch_ms(one.data.made_at))
        made = epoch_ms(oldest.data.made_at)
        delivered = list(_near(region, "batch delivered", cooking, cooking.data.batch))
        uses = [one for one in (cooking, *delivered) if one.time - made > _OLD_LOT_MS]
        if not uses:
            return None
        return AlertCause(
            cooking.source,
            lot,
            min(one.time for one in uses),
            SIAGA,
            {"over_hours": 24},
            (oldest.id, cooking.id, *(one.id for one in uses if one is not cooking)),
            {
                "made_at": rfc3339(made),
                "batch": cooking.data.batch,
                "item": oldest.data.item,
                "supplier": oldest.data.supplier,
                "recipients": sorted({one.subject for one in delivered}),
            },
        )


def _minutes_after_cooking(event: WatchedEvent) -> int | None:
    """Whole minutes; None of packs that keep, which are made days before."""
    data = event.data
    if data.cooked_at is UNSET or data.package not in (UNSET, "fresh"):
        return None
    return (event.time - epoch_ms(data.cooked_at)) // _MINUTE_MS


def _near(
    region: AlertRegion, group: str, event: WatchedEvent, batch: str
) -> Iterator[WatchedEvent]:
    """The events of a batch that are of the same one: within 24 hours of `event`."""
    for one in list(region.facts.of(group, event.source, batch)):
        if abs(one.time - event.time) <= BATCH_MS:
            yield one
