"""The intake of one partition: what each of its lines is, and what that changes.

refuse --> fact --> admit --> effects
the line is an event of   what is stored   new, duplicate or    sums, statuses,
a source that we know     of it            conflict             letters
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.events.checks import check, effective_received
from contracts.events.codes import Code, Refusal
from contracts.events.event_types import Event
from contracts.registry.entities import Registry
from contracts.results.table_rows import EventStatusRow
from streams.core.fold import Record
from streams.core.history.facts import Fact
from streams.core.history.ledger import PLAIN, Admission, Verdict
from streams.core.region_feed import LastReceived
from streams.core.table_records import TableRecords
from streams.core.unit_stage.dead_letters import DeadLetters
from streams.core.unit_stage.event_watch import EventWatch
from streams.core.unit_stage.input_partition import InputPartition
from streams.core.unit_stage.known_source import KnownSource
from streams.core.unit_stage.sides import SIDES
from streams.core.unit_stage.units import Units
from streams.core.watched_event import UncountedEvent, WatchedEvent


class Intake:
    """`tables` gets the exceptions and dead letters."""

    def __init__(self, partition: InputPartition, tables: TableRecords) -> None:
        self._partition = partition
        self._side = SIDES[partition.topic]
        self.letters = DeadLetters(partition.topic, partition.number, tables)
        self._registry = Registry(())
        self._regions: Mapping[str, Units[Any]] = {}
        self._sources: dict[str, KnownSource] = {}
        self._watch = EventWatch()
        # One row an event and flush: of rows with one revision none would be the newest.
        self._statuses: dict[tuple[str, str], EventStatusRow] = {}

    def use(self, registry: Registry, regions: Mapping[str, Units[Any]]) -> None:
        """Takes a registry with more rows. `regions`: the units of each region, by its code."""
        self._registry = self.letters.registry = registry
        self._regions = regions
        self._sources.clear()

    def take(self, record: Record, line: int, item: Event | Refusal) -> None:
        """Takes one line: the event in it, or why it is none."""
        if isinstance(item, Refusal):
            self.letters.refuse(record, line, item)
            return
        received = effective_received(item.received_ms, record.time_ms)
        source = self._sources.get(item.source) or self._find_source(item)
        if source is None:
            self.letters.refuse(record, line, self._why_unknown(item, received), item)
            return
        found = source.fact(item, received)
        if isinstance(found, Refusal):
            self.letters.refuse(record, line, found, item)
            return
        fact, day = found
        if fact.target:
            # The line is needed if what it corrects comes later and is of another type.
            fact = msgspec.structs.replace(fact, raw=self.letters.raw(record, line))
        admission = source.ledger.admit(fact, day)
        self._watch.take(source, item, fact, admission)
        if admission is PLAIN:
            source.units.add(source.unit, fact, 1)
        elif admission.verdict is Verdict.NEW:
            self._correct(record, source, item, fact, admission)
        elif admission.verdict is Verdict.DUPLICATE:
            self.letters.exception(record, line, "duplicate", "")
        else:
            self.letters.conflict(record, line, item)

    def _find_source(self, event: Event) -> KnownSource | None:
        """The event's source, if it belongs to this partition and the registry has it in that region."""
        region, kind, unit = event.origin
        if (
            kind != self._side.kind
            or not self._partition.owns(unit)
            or self._side.region_of(self._registry, unit) != region
        ):
            return None
        source = KnownSource(event, self._registry, self._regions[region])
        self._sources[event.source] = source
        return source

    def _why_unknown(self, event: Event, received: int) -> Refusal:
        if event.origin.kind == self._side.kind and self._partition.owns(event.origin.unit_id):
            refusal = check(event, self._registry, received)
            if refusal is not None:
                return refusal
        detail = "events of this unit belong into another topic or partition: key records by the unit id (murmur2)"
        return Refusal(Code.WRONG_PARTITION, detail, id=event.id, source=event.source)

    def _correct(
        self,
        record: Record,
        source: KnownSource,
        event: Event,
        fact: Fact,
        admission: Admission,
    ) -> None:
        """What a new event changes that corrects another, or that another corrects."""
        add = source.units.add
        for one in admission.uncounted:
            add(source.unit, one, -1)
        for one in admission.counted:
            add(source.unit, one, 1)
        if fact not in admission.counted:
            add(source.unit, fact, 0)
        for event_id, status in admission.statuses:
            self._statuses[event.source, event_id] = EventStatusRow(
                source=event.source,
                id=event_id,
                superseded_by=status.superseded_by,
                retracted=int(status.retracted),
                counts=int(status.counts),
                revision=record.offset + 1,
            )
        for wrong in admission.wrong:
            detail = (
                "supersedes names an event of another type: retract it, or send one of its type"
            )
            refusal = Refusal(Code.WRONG_CORRECTION, detail, id=wrong.id, source=event.source)
            self.letters.wrong_correction(wrong, refusal, event)

    # --- flush --------------------------------------------------------------------------------------------------------

    def statuses(self) -> list[EventStatusRow]:
        """The statuses that changed since the last call."""
        statuses, self._statuses = self._statuses, {}
        return list(statuses.values())

    def last_received(self) -> list[tuple[str, LastReceived]]:
        """Region and message of each moment at which a unit was heard of since the last call."""
        region_of, kind = self._side.region_of, self._side.kind
        return [
            (region_of(self._registry, unit) or "", LastReceived(unit, kind, at))
            for unit, at in self._watch.heard()
        ]

    def watched(self) -> list[tuple[str, WatchedEvent | UncountedEvent]]:
        """Region and message of each event that alerts depend on and that came to count, or ceased to, since the last call."""
        return self._watch.watched()
