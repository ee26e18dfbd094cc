"""What stage one sends stage two for alerts: the events that they depend on, as they come to count and cease to, and when
units were heard of.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.events.event_types import Event, TemperatureMeasured
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact
from streams.core.history.ledger import PLAIN, Admission
from streams.core.unit_stage.known_source import KnownSource
from streams.core.watched_event import WATCHED_KINDS, UncountedEvent, WatchedEvent

_READING: Final = KIND_OF[TemperatureMeasured]
_READING_STEP_MS: Final = 300_000
"""Of readings in range one in 5 minutes goes on: half of all events are readings, and alerts ask only whether a sensor
was in range within 10 minutes."""
_HEARD_STEP_MS: Final = 60_000


class _Change(NamedTuple):
    """From `since` on a fact counts, as `event` says it; None: it counts no longer."""

    region: str
    unit: str
    since: int
    fact: Fact
    event: Event | None

    def message(self) -> WatchedEvent | UncountedEvent:
        """As it goes to `region.feed`."""
        _, unit, since, fact, event = self
        if event is None:
            return UncountedEvent(unit, fact.kind, fact.id, since)
        about = event.subject or ""
        return WatchedEvent(
            unit, fact.kind, fact.id, fact.time, since, fact.recorded, about, event.data
        )


class EventWatch:
    """Collects until the next `watched` and `heard`."""

    def __init__(self) -> None:
        self._changes: list[_Change] = []
        # Of each unit, point and sensor the time of the last reading sent, 0 after one out of range.
        self._in_range: dict[tuple[str, str, object], int] = {}
        # Of each unit the greatest receivedtime, the last one noted, and those noted since the last `heard`.
        self._newest: dict[str, int] = {}
        self._noted: dict[str, int] = {}
        self._moments: dict[str, list[int]] = {}

    def take(self, source: KnownSource, event: Event, fact: Fact, admission: Admission) -> None:
        """An event was received, and what it changes. Called for each event: the hot path, so it is one function."""
        unit, received = source.unit, fact.received
        newest = self._newest.get(unit, 0)
        if received > newest:
            self._newest[unit] = received
            moments = self._moments.setdefault(unit, [])
            noted = self._noted.get(unit, 0)
            if received >= noted + _HEARD_STEP_MS:
                # One moment at either side of every gap, however much one flush covers: so no silence is missed.
                if newest > noted:
                    moments.append(newest)
                moments.append(received)
                self._noted[unit] = received
        if admission is not PLAIN:
            self._correct(source, event, fact, admission)
        elif fact.kind in WATCHED_KINDS and (
            fact.kind != _READING or self._is_due(unit, event, fact)
        ):
            self._changes.append(_Change(source.units.region, unit, received, fact, event))

    def _is_due(self, unit: str, event: Any, fact: Fact) -> bool:
        """Whether a reading goes on. After a take-over each sensor's next one does: that changes no answer."""
        sensor = (unit, event.data.point, event.data.sensor)
        if not fact.payload:
            self._in_range[sensor] = 0
            return True
        if abs(fact.time - self._in_range.get(sensor, 0)) < _READING_STEP_MS:
            return False
        self._in_range[sensor] = fact.time
        return True

    def _correct(self, source: KnownSource, event: Event, fact: Fact, admission: Admission) -> None:
        region, unit, since = source.units.region, source.unit, fact.received
        for one in admission.uncounted:
            if one.kind in WATCHED_KINDS:
                self._changes.append(_Change(region, unit, since, one, None))
        for one in admission.counted:
            if one.kind not in WATCHED_KINDS:
                continue
            again: Event | Refusal = event
            if one is not fact and one.raw is not None:
                # Of the earlier ones only a correction counts again, and of those the line is stored.
                again = decode_line(one.raw.value)
            if not isinstance(again, Refusal):
                self._changes.append(_Change(region, unit, since, one, again))

    def watched(self) -> list[tuple[str, WatchedEvent | UncountedEvent]]:
        """(region, message) of what changed since the last call."""
        changes, self._changes = self._changes, []
        return [(one.region, one.message()) for one in changes]

    def heard(self) -> list[tuple[str, int]]:
        """(unit, receivedtime, epoch ms) since the last call: the greatest, and those beside a gap of a minute."""
        found = []
        for unit, moments in self._moments.items():
            newest = self._newest[unit]
            if self._noted[unit] < newest:
                moments.append(newest)
                self._noted[unit] = newest
            found += [(unit, at) for at in moments]
        self._moments.clear()
        return found
