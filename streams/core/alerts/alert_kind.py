"""What a kind of alert is to its region, and what the region gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Protocol

from contracts.registry.entities import Registry, Thresholds
from contracts.time.days import Zone
from streams.core.alerts.alert import AlertCause, Resolution
from streams.core.alerts.alert_book import AlertBook
from streams.core.alerts.alert_facts import AlertFacts
from streams.core.watched_event import WatchedEvent


class AlertRegion(Protocol):
    """What a kind may ask, all as of `now` (epoch ms): every event received up to it is in `facts`.

    `begun`: when the region was first known; nothing is late that was due before. `heard`: unit -> when it was last heard of.
    """

    code: str
    now: int
    begun: int
    registry: Registry
    zone: Zone
    limits: Thresholds
    facts: AlertFacts
    book: AlertBook
    heard: dict[str, int]

    def settle(
        self, kind: str, key: str, cause: AlertCause | None, resolution: Resolution = ""
    ) -> None:
        """Raises, changes or resolves the alert of `key`; `resolution`: why there is nothing to find."""

    def wake(self, at: int, kind: str, key: str) -> None:
        """Has `due(key)` of the kind called when the time is `at`."""


class AlertKind(Protocol):
    """One kind of alert, or two that share their cause. A pure function of the region's facts: it holds nothing that
    state would have to keep.
    """

    name: ClassVar[str]

    def timers(self, region: AlertRegion, day: int, /) -> Iterable[tuple[int, str]]:
        """(moment, key) of all that becomes due by the clock because a local day begins."""

    def due(self, region: AlertRegion, key: str, /) -> None:
        """The moment of a timer has come."""

    def event(self, region: AlertRegion, event: WatchedEvent, /) -> None:
        """An event came to count, or counts no longer: judge again what it is about."""

    def heard(self, region: AlertRegion, unit: str, /) -> None:
        """Something was received of a unit."""

    def restored(self, region: AlertRegion, /) -> None:
        """After a take-over: `wake` for what is not due by the day."""


class QuietKind:
    """A kind that the clock does not move, nor who is heard of."""

    name: ClassVar[str] = ""

    def timers(self, _region: AlertRegion, _day: int) -> Iterable[tuple[int, str]]:
        """See `AlertKind`."""
        return ()

    def due(self, _region: AlertRegion, _key: str) -> None:
        """See `AlertKind`."""

    def event(self, _region: AlertRegion, _event: WatchedEvent) -> None:
        """See `AlertKind`."""

    def heard(self, _region: AlertRegion, _unit: str) -> None:
        """See `AlertKind`."""

    def restored(self, _region: AlertRegion) -> None:
        """See `AlertKind`."""
