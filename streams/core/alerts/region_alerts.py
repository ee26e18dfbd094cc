"""The alerts of one region: its events and commands in the order in which they were received, its clock, its kinds.

Everything happens at a moment of the region's clock: an event when it was received, a timer when it is due. A moment comes
once everything received up to it is in. So alerts are a function of what was received and when: how it was batched, in
which order the partitions came, and who took over in between change nothing.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.commands import Acknowledge, Assess, MarkStep, OnAlert, decode_alert_command
from contracts.registry.entities import Registry
from contracts.time.windows import GRACE_MS
from streams.core.alerts.alert import Alert, AlertCause, Resolution
from streams.core.alerts.alert_book import SHOWN_MS, AlertBook, AlertChange
from streams.core.alerts.alert_facts import READING, AlertFacts
from streams.core.alerts.alert_kind import AlertKind
from streams.core.alerts.alert_queue import AlertQueue, Timer
from streams.core.alerts.alert_state import AlertClock, AlertRecords, StoredEvent, StoredUndo
from streams.core.alerts.kinds.capacity import OverCapacity
from streams.core.alerts.kinds.certificates import Certificates
from streams.core.alerts.kinds.food_batches import FoodBatches
from streams.core.alerts.kinds.holds import Holds
from streams.core.alerts.kinds.late_deliveries import LateDeliveries
from streams.core.alerts.kinds.refused_food import RefusedFood
from streams.core.alerts.kinds.silences import Silences
from streams.core.alerts.kinds.suspicions import Suspicions
from streams.core.alerts.kinds.temperatures import Temperatures
from streams.core.region_feed import CommandReceived, LastReceived
from streams.core.watched_event import UncountedEvent, WatchedEvent, with_data

_COMMAND_LEAD_MS: Final = GRACE_MS + 600_000
"""A command that comes within so long of its moment takes effect at once: who acknowledges what stands on the wall must not wait
until everything received up to then is in. Where the log is read anew, or a stage is ten minutes behind (on the demo clock that
is 8 s), it waits until what its author saw is in: the grace before its moment."""
_GIVEN_AN_ITEM: Final = 200
"""To go through so many other events takes about as long as an item does by itself."""
_HEARD_ORDER: Final = -1
"""To be heard of comes before the events of the same moment."""

_DAY: Final = "~day"
_LEAVES: Final = "~leaves"
_RUNS_OUT: Final = "~runs out"
_COMMAND: Final = "~command"


class RegionAlerts:
    """An `AlertRegion`. `code`: of the region; `records`: its state."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.now = 0
        self.begun = 0
        self.facts = AlertFacts()
        self.book = AlertBook(self._time_alert)
        self.heard: dict[str, int] = {}
        self.records = AlertRecords(code)
        self._temperatures = Temperatures()
        self._suspicions = Suspicions()
        self._holds = Holds()
        kinds: tuple[AlertKind, ...] = (
            *(Silences(), LateDeliveries(), FoodBatches(), OverCapacity()),
            *(RefusedFood(), Certificates(), self._suspicions, self._holds),
        )
        self._kinds = {kind.name: kind for kind in kinds}
        self._until = 0
        self._queue = AlertQueue()
        self._order = 0
        self._newest_of: dict[str, int] = {}
        self._unread: dict[str, list[int]] = {}
        self._undone: set[str] = set()
        self._waiting: dict[str, CommandReceived] = {}
        self._removed: list[str] = []
        self._notices: list[str] = []

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        self.registry = registry
        self.zone = registry.zone(self.code)
        self.limits = registry.region(self.code).thresholds
        self.facts.use(self.zone)
        self._suspicions.use(registry, self.code)

    # --- take-over ----------------------------------------------------------------------------------------------------

    def restored(self) -> None:
        """Goes on from the records that were restored."""
        records = self.records
        self.now = self._until = records.clock.until
        self.begun = records.clock.begun
        self.book.counters = records.clock.counters
        for alert in records.alerts:
            self.book.restore(alert)
            self._time_alert(alert)
        self._temperatures.restore(records.sensors)
        self._suspicions.restore(records.plan, records.chunks)
        for stored in sorted(records.events, key=lambda one: one.order):
            self._restore_event(stored)
        for undo in records.undos:
            self._push(undo.event.since, undo.event.source, undo.order, undo.event)
        for unit, times in records.heard.items():
            self._restore_heard(unit, times)
        self.restore_commands()
        for restored in (records.alerts, records.events, records.undos, records.chunks):
            restored.clear()
        if self.begun:
            today = self.zone.local_day(self._until)
            for day in (today - 1, today):
                self._begin_day(day)
            for kind in self._kinds.values():
                kind.restored(self)

    def restore_commands(self) -> None:
        """Restores the commands that wait. Before its registry came, a region has nothing else to restore."""
        for command in self.records.commands:
            self._push_command(command, decode_alert_command(command.value).id)
        self.records.commands.clear()

    def _restore_event(self, stored: StoredEvent) -> None:
        if stored.event.since >= self._until:
            self._push(stored.event.since, stored.event.source, stored.order, stored.event)
        else:
            self._order = max(self._order, stored.order)
            self.facts.add(stored.event)

    def _restore_heard(self, unit: str, times: list[int]) -> None:
        for at in times:
            if at < self._until:
                self.heard[unit] = max(at, self.heard.get(unit, 0))
            else:
                self._push_heard(unit, at)

    # --- what comes in ------------------------------------------------------------------------------------------------

    def take(self, item: WatchedEvent | UncountedEvent | LastReceived) -> None:
        """Takes an item of the feed; it happens when its moment comes."""
        if isinstance(item, LastReceived):
            self._push_heard(item.unit, item.received)
            known = self.heard.get(item.unit)
            times = [*(() if known is None else (known,)), *self._unread[item.unit]]
            self.records.put(f"heard/{item.unit}", times)
            return
        # Of one source in the order in which they change each other.
        item.since = max(item.since, self._newest_of.get(item.source, 0))
        order = self._order + 1
        name = f"{item.source}/{item.id}"
        if isinstance(item, WatchedEvent):
            with_data(item)
            self.records.put(f"event/{name}", StoredEvent(order, item))
        else:
            self.records.put(f"undo/{name}", StoredUndo(order, item))
        self._push(item.since, item.source, order, item)

    def take_command(self, item: CommandReceived, command: OnAlert) -> None:
        """Takes a command on an alert of this region."""
        # A copy would take the place of the first in the state, and after a crash its moment too.
        if command.id not in self._undone:
            self.records.put(f"command/{command.id}", item)
            self._push_command(item, command.id)

    def _push(self, at: int, source: str, order: int, item: Any) -> None:
        self._newest_of[source] = max(at, self._newest_of.get(source, 0))
        self._order = max(self._order, order)
        self._queue.push(at, source, order, item)

    def _push_heard(self, unit: str, at: int) -> None:
        self._unread.setdefault(unit, []).append(at)
        self._queue.push(at, unit, _HEARD_ORDER, LastReceived(unit, "", at))

    def _push_command(self, item: CommandReceived, identity: str) -> None:
        self._undone.add(identity)
        at = item.time_ms - _COMMAND_LEAD_MS
        self._queue.push(at if at <= self._until else item.time_ms - GRACE_MS, "", 0, item)

    # --- time ---------------------------------------------------------------------------------------------------------

    def begin(self, since: int) -> None:
        """The region is known from `since` on (epoch ms); only the first call counts."""
        if not self.begun:
            self.begun = self._until = self.now = since
            self._begin_day(self.zone.local_day(since))

    def advance(self, until: int, at_most: int) -> None:
        """Everything received before `until` (epoch ms) is in: what is due before it happens.

        After `at_most` items, or fewer that concern many others, it stops at the end of their moment; the next call goes on
        from there.
        """
        if not self.begun:
            return
        until, left, given = max(self._until, until), at_most, self.facts.given
        while (at := self._queue.next_at(until)) < until:
            if left <= (self.facts.given - given) // _GIVEN_AN_ITEM and at > self.now:
                break
            self.now = max(self.now, at)
            items = self._queue.next()
            left -= len(items)
            # A correction takes one event away and puts another there: nobody is asked in between.
            changed = [event for item in items if (event := self._happen(item)) is not None]
            for event in changed:
                self._tell(event)
        self.now = self._until = at

    def reached(self, until: int) -> int:
        """Up to when all that is due before `until` (epoch ms) has happened."""
        is_behind = self.begun and self._queue.next_at(until) < until
        return min(self._until, until) if is_behind else until

    def _happen(self, item: Any) -> WatchedEvent | None:
        """Takes note of an item; the event that came to count by it or ceased to, for the kinds."""
        if isinstance(item, WatchedEvent):
            return self._count(item)
        if isinstance(item, UncountedEvent):
            return self._uncount(item)
        if isinstance(item, Timer):
            self._ring(item.kind, item.key)
        elif isinstance(item, LastReceived):
            self._hear(item.unit, item.received)
        else:
            self._obey(item)
        return None

    def _count(self, event: WatchedEvent) -> WatchedEvent | None:
        if event.kind == READING:
            self._temperatures.count(self, event)
            self.records.put(f"event/{event.source}/{event.id}", None)
            return None
        self.facts.add(event)
        return event

    def _uncount(self, item: UncountedEvent) -> WatchedEvent | None:
        self.records.put(f"undo/{item.source}/{item.id}", None)
        event = self.facts.get((item.source, item.id))
        self._suspicions.uncount(self, item, event)
        if item.kind == READING:
            self._temperatures.uncount(self, item)
        elif event is not None:
            self.facts.remove(event)
            self.records.put(f"event/{item.source}/{item.id}", None)
        return event

    def _tell(self, event: WatchedEvent) -> None:
        counts = self.facts.get(event.key) is not None
        for kind in self._kinds.values():
            # The statistics know already of what was taken back.
            if counts or kind is not self._suspicions:
                kind.event(self, event)

    def _hear(self, unit: str, at: int) -> None:
        self._unread[unit].remove(at)
        self.heard[unit] = max(at, self.heard.get(unit, 0))
        for kind in self._kinds.values():
            kind.heard(self, unit)

    def _obey(self, item: CommandReceived) -> None:
        command = decode_alert_command(item.value)
        if isinstance(command, Acknowledge | Assess | MarkStep):
            is_done = self.book.command(command, item.time_ms)
        else:
            is_done = self._holds.obey(self, command, item.time_ms)
        if not is_done:
            if self.now <= item.time_ms and command.id not in self._waiting:
                # Its alert may still be raised before the moment of the command.
                self._waiting[command.id] = item
                self.wake(item.time_ms, _COMMAND, command.id)
                return
            self._notices.append(f"command {command.id}: there is no alert to say that of")
        elif isinstance(command, Assess):
            self._suspicions.assessed(self.book.known(command.alert_id))
        self._undone.discard(command.id)
        self.records.put(f"command/{command.id}", None)

    # --- timers -------------------------------------------------------------------------------------------------------

    def wake(self, at: int, kind: str, key: str) -> None:
        """See `AlertRegion`. What was due in the past has happened."""
        if at >= self.now:
            self._queue.wake(Timer(at, kind, key))

    def _begin_day(self, day: int) -> None:
        for kind in self._kinds.values():
            for at, key in kind.timers(self, day):
                self.wake(at, kind.name, key)
        self.wake(self.zone.day_start_ms(day + 1), _DAY, str(day + 1))

    def _ring(self, kind: str, key: str) -> None:
        if kind == _DAY:
            self._forget()
            self._begin_day(int(key))
        elif kind == _LEAVES:
            if self.shown(key) is None:
                self._removed.append(key)
        elif kind == _RUNS_OUT:
            self.book.run_out(key, self.now)
        elif kind == _COMMAND:
            self._obey(self._waiting[key])
            del self._waiting[key]
        else:
            self._kinds[kind].due(self, key)

    def _time_alert(self, alert: Alert) -> None:
        if not alert.is_open:
            self.wake(alert.resolved_at + SHOWN_MS, _LEAVES, alert.id)
        elif alert.ack_until:
            self.wake(max(alert.ack_until, self.now), _RUNS_OUT, alert.id)

    def _forget(self) -> None:
        for event in self.facts.forget(self.now, self.book.open_events()):
            self.records.put(f"event/{event.source}/{event.id}", None)
        for key in self._temperatures.forget(self.now):
            self.records.put(f"sensor/{key}", None)
        self._suspicions.forget(self.now)
        for identity in self.book.forget(self.now):
            self.records.put(f"alert/{identity}", None)

    # --- alerts -------------------------------------------------------------------------------------------------------

    def settle(
        self, kind: str, key: str, cause: AlertCause | None, resolution: Resolution = ""
    ) -> None:
        """See `AlertRegion`."""
        self.book.settle(kind, key, cause, self.now, resolution)

    def shown(self, identity: str) -> Alert | None:
        """The alert of an id, if it is on the wall."""
        alert = self.book.get(identity)
        if alert is None or not (alert.is_open or self.now < alert.resolved_at + SHOWN_MS):
            return None
        return alert

    def drain(self) -> tuple[list[AlertChange], list[str], list[str]]:
        """Changes since the last call; ids of alerts that leave the wall; what was set aside, a line each."""
        changes = self.book.drain()
        for change in changes:
            self.records.put(f"alert/{change.alert.id}", change.alert)
        for key, log in self._temperatures.drain():
            self.records.put(f"sensor/{key}", log)
        for name, chunk in self._suspicions.changed().items():
            self.records.put_raw(f"cluster/{name}", chunk)
        if self.begun:
            self.records.put("plan", self._suspicions.plan)
            self.records.put("~at", AlertClock(self._until, self.begun, self.book.counters))
        drained = changes, self._removed, self._notices
        self._removed, self._notices = [], []
        return drained
