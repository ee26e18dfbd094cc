"""Stage one: the fold of one partition of `sppg.events` or `clinic.events`.

    record -> lines -> verdict of each (refused, duplicate, conflict, new) -> facts -> panes -> unit rows, contributions, statuses

State: one record a chunk of facts, the registries, and the time. Everything else is derived from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from contracts.events.checks import check, effective_received
from contracts.events.codes import Code, Refusal
from contracts.events.decode import decode_records
from contracts.events.event_types import Event
from contracts.events.partition import partition_of
from contracts.registry.entities import RegionRegistry, Registry
from contracts.results.topics import (
    REGION_FEED,
    REGISTRY_CHANGE,
    SPPG_EVENTS,
    UNIT_WINDOWS,
    VERDICTS,
)
from contracts.time.instant import rfc3339
from contracts.time.windows import GRACE_MS
from streams.core.fold import Flush, Out, Record
from streams.core.history.facts import Chunk, Fact
from streams.core.history.ledger import PLAIN, Admission, Verdict
from streams.core.region_feed import Heard, LiveRow, RegistryRows, feed_records
from streams.core.table_records import TableRecords
from streams.core.unit_stage.dead_letters import Letters
from streams.core.unit_stage.intake import Source
from streams.core.unit_stage.units import Clinics, Kitchens, Units
from streams.core.windowing.row_writer import Stamp

_TIME_KEY: Final = b"time"
_REGISTRY_KEY: Final = b"registry/"
_FACTS_KEY: Final = b"facts/"
_json = msgspec.json.Encoder().encode


class UnitFold:
    """One partition of one event topic. `partitions`: of the topic; `region_partitions`: of `region.feed`;
    `revision_base`: added to the rows' revisions.
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        partitions: int,
        region_partitions: int,
        revision_base: int = 0,
    ) -> None:
        self._topic = topic
        self._partition = partition
        self._partitions = partitions
        self._region_partitions = region_partitions
        self._revision_base = revision_base
        self._kind = "sppg" if topic == SPPG_EVENTS else "clinic"
        self._registries: dict[str, RegionRegistry] = {}
        self._registry = Registry(())
        self._regions: dict[str, Units[Any]] = {}
        self._restored_chunks: list[tuple[str, Chunk]] = []
        self._time_ms = 0
        self._dirty_chunks: dict[tuple[str, int, int], Chunk | None] = {}
        # Each with the time of the first record that made it so.
        self._dirty_registries: dict[str, int] = {}
        self._heard: dict[str, int] = {}
        # One row an event and flush: of rows with one revision none would be the newest.
        self._statuses: dict[tuple[str, str], dict[str, Any]] = {}
        self._lines = TableRecords()
        self._letters = Letters(topic, partition, self._lines)
        self._sources: dict[str, Source] = {}

    # --- state ------------------------------------------------------------------------------------------------------

    def restore(self, _topic: str, key: bytes, value: bytes) -> None:
        """See `Fold`."""
        if key == _TIME_KEY:
            self._time_ms = int(value)
        elif key.startswith(_REGISTRY_KEY):
            registry = RegionRegistry.decode(value)
            self._registries[registry.region.code] = registry
        elif key.startswith(_FACTS_KEY):
            unit, day, number = key[len(_FACTS_KEY) :].decode().rsplit("/", 2)
            self._restored_chunks.append((unit, Chunk(int(day), int(number), value)))

    def restored(self) -> None:
        """See `Fold`."""
        self._use_registries()
        for unit, chunk in self._restored_chunks:
            self._units_of(unit).restore(unit, chunk)
        self._restored_chunks.clear()
        for units in self._regions.values():
            units.restored(self._time_ms)

    def _use_registries(self) -> None:
        self._registry = self._letters.registry = Registry(self._registries.values())
        self._sources.clear()
        for code in self._registries:
            units = self._regions.get(code)
            if units is None:
                side: Any = Kitchens() if self._kind == "sppg" else Clinics(code)
                self._regions[code] = Units(
                    code, self._registry, side, self._owns, self._keep_chunk
                )
            else:
                units.use(self._registry)

    def _owns(self, unit: str) -> bool:
        return partition_of(unit, self._partitions) == self._partition

    def _units_of(self, unit: str) -> Units[Any]:
        region = self._registry.region_of_unit(unit)
        if region is None:
            raise LookupError(
                f"state holds facts of {unit}, which no registry names: the state topic is of another installation"
            )
        return self._regions[region]

    # --- records ----------------------------------------------------------------------------------------------------

    def apply(self, *records: Record) -> None:
        """See `Fold`."""
        decoded = decode_records([record.value for record in records if not record.control])
        for record in records:
            if record.control == REGISTRY_CHANGE:
                registry = RegionRegistry.decode(record.value)
                self._registries[registry.region.code] = registry
                self._dirty_registries.setdefault(registry.region.code, record.time_ms)
                self._use_registries()
            elif not record.control:
                for line, item in enumerate(next(decoded)):
                    self._judge(record, line, item)
            if record.control or record.time_ms > self._time_ms:
                self._advance(record.time_ms)

    def _advance(self, time_ms: int) -> None:
        self._time_ms = max(self._time_ms, time_ms)
        for units in self._regions.values():
            for unit, day, number in units.advance(self._time_ms):
                self._dirty_chunks[unit, day, number] = None

    def _judge(self, record: Record, line: int, item: Event | Refusal) -> None:
        if isinstance(item, Refusal):
            self._letters.refuse(record, line, item)
            return
        received = effective_received(item.received_ms, record.time_ms)
        source = self._sources.get(item.source) or self._look_up(item)
        if source is None:
            self._letters.refuse(record, line, self._why_unknown(item, received), item)
            return
        kept = source.fact(item, received)
        if isinstance(kept, Refusal):
            self._letters.refuse(record, line, kept, item)
            return
        if received > self._heard.get(source.unit, 0):
            self._heard[source.unit] = received
        fact, day = kept
        if fact.target:
            fact = msgspec.structs.replace(fact, raw=self._letters.raw(record, line))
        admission = source.ledger.admit(fact, day)
        if admission is PLAIN:
            source.units.touch(source.unit, fact, 1)
        elif admission.verdict is Verdict.NEW:
            self._fold(record, source, item, fact, admission)
        elif admission.verdict is Verdict.DUPLICATE:
            self._letters.exception(record, line, "duplicate", "")
        else:
            self._letters.conflict(record, line, item)

    def _look_up(self, event: Event) -> Source | None:
        """The source, if its events belong here and the registry knows the unit in that region."""
        region, kind, unit = event.origin
        if (
            kind != self._kind
            or not self._owns(unit)
            or self._registry.region_of_unit(unit) != region
        ):
            return None
        source = self._sources[event.source] = Source(event, self._registry, self._regions[region])
        return source

    def _why_unknown(self, event: Event, received: int) -> Refusal:
        if event.origin.kind == self._kind and self._owns(event.origin.unit_id):
            refusal = check(event, self._registry, received)
            if refusal is not None:
                return refusal
        detail = f"events of {event.origin.unit_id} belong into another topic or partition: key records by the unit id (murmur2)"
        return Refusal(Code.WRONG_PARTITION, detail, id=event.id, source=event.source)

    def _keep_chunk(self, unit: str, chunk: Chunk) -> None:
        self._dirty_chunks[unit, chunk.day, chunk.number] = chunk

    def _fold(
        self,
        record: Record,
        source: Source,
        event: Event,
        fact: Fact,
        admission: Admission,
    ) -> None:
        touch = source.units.touch
        for gone in admission.gone:
            touch(source.unit, gone, -1)
        for come in admission.come:
            touch(source.unit, come, 1)
        if fact not in admission.come:
            touch(source.unit, fact, 0)
        for event_id, status in admission.statuses:
            self._statuses[event.source, event_id] = {
                "source": event.source,
                "id": event_id,
                "superseded_by": status.superseded_by,
                "retracted": int(status.retracted),
                "counts": int(status.counts),
                "revision": record.offset + 1,
            }
        for wrong in admission.wrong:
            detail = f"{wrong.id} corrects {wrong.target}, which is of another type: retract it, or send one of its type"
            refusal = Refusal(Code.WRONG_CORRECTION, detail, id=wrong.id, source=event.source)
            self._letters.wrong_correction(wrong, refusal, event)

    # --- flush ------------------------------------------------------------------------------------------------------

    def drain(self, position: int) -> Flush:
        """See `Fold`."""
        feeds: dict[int, list[Any]] = {
            partition: [] for partition in range(self._region_partitions)
        }
        revision = self._revision_base + position
        for code in sorted(self._dirty_registries):
            feeds[partition_of(code, self._region_partitions)].append(
                RegistryRows(self._registries[code].encode(), self._dirty_registries[code])
            )
        for code, units in self._regions.items():
            self._drain_region(
                units,
                Stamp(code, revision, rfc3339(self._time_ms // 1000 * 1000)),
                feeds[partition_of(code, self._region_partitions)],
            )
        for status in self._statuses.values():
            self._lines.add(VERDICTS, "event_status", _json(status))
        self._statuses.clear()
        state = self._drain_state()
        for stream in (UNIT_WINDOWS, VERDICTS):
            self._lines.add(stream, "positions", _json(self._position(stream, position)))
        out = list(self._lines.drain())
        source = f"{self._topic}/{self._partition}"
        for partition, items in feeds.items():
            values = feed_records(source, position, self._time_ms, items)
            out += [Out(REGION_FEED, partition, value) for value in values]
        return Flush(state, out)

    def _drain_region(self, units: Units[Any], stamp: Stamp, feed: list[Any]) -> None:
        feed.extend(units.contributions())
        rows = list(units.rows(stamp))
        self._lines.add(UNIT_WINDOWS, units.view, *(row.line for row, _ in rows))
        feed += [LiveRow(row) for row, newest in rows if newest]
        region_of = self._registry.region_of_unit
        heard = [unit for unit in self._heard if region_of(unit) == stamp.region]
        feed += [Heard(unit, self._kind, self._heard.pop(unit)) for unit in heard]

    def _drain_state(self) -> dict[bytes, bytes | None]:
        state: dict[bytes, bytes | None] = {_TIME_KEY: str(self._time_ms).encode()}
        for (unit, day, number), chunk in self._dirty_chunks.items():
            state[_FACTS_KEY + f"{unit}/{day}/{number}".encode()] = (
                None if chunk is None else chunk.written()
            )
        for code in self._dirty_registries:
            state[_REGISTRY_KEY + code.encode()] = self._registries[code].encode()
        self._dirty_chunks.clear()
        self._dirty_registries.clear()
        return state

    def _position(self, stream: str, position: int) -> dict[str, Any]:
        return {
            "stream": stream,
            "topic": self._topic,
            "partition": self._partition,
            "position": position,
            "watermark": rfc3339(self._time_ms - GRACE_MS),
            "time": rfc3339(self._time_ms),
        }


def unit_seed(registries: Iterable[RegionRegistry], time_ms: int) -> dict[bytes, bytes]:
    """State of a fold that begins at `time_ms`, in a log that no longer holds the registries' records."""
    state = {_REGISTRY_KEY + one.region.code.encode(): one.encode() for one in registries}
    return state | {_TIME_KEY: str(time_ms).encode()}
