"""Stage one: the fold of one partition of `sppg.events` or `clinic.events`.

    record -> lines -> verdict of each (refused, duplicate, conflict, new) -> facts -> panes -> unit rows, contributions, statuses

State: one record a chunk of facts, the registries, and the time. Everything else is derived from them.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import partial
from typing import Any, Final

import msgspec

from contracts.checks import check, effective_received
from contracts.codes import Code, Refusal
from contracts.days import day_to_iso
from contracts.decode import decode_lines, recorded_ms
from contracts.events import Event
from contracts.identity import digest
from contracts.instant import rfc3339
from contracts.lines import split
from contracts.partition import partition_of
from contracts.registry import RegionRegistry, Registry, Thresholds
from contracts.topics import (
    DEAD_LETTERS,
    REGION_FEED,
    REGISTRY_CHANGE,
    SPPG_EVENTS,
    UNIT_WINDOWS,
    VERDICTS,
)
from contracts.windows import GRACE_MS
from streams.core.contributions import KIND_OF, payload_of
from streams.core.facts import Chunk, Fact
from streams.core.ledger import Admission, Verdict
from streams.core.messages import (
    Flush,
    Heard,
    LiveRow,
    Out,
    Record,
    RegistryRows,
    TableLines,
    feed_records,
)
from streams.core.rows import Stamp
from streams.core.units import Clinics, Kitchens, Units

_TIME_KEY: Final = b"time"
_REGISTRY_KEY: Final = b"registry/"
_FACTS_KEY: Final = b"facts/"
_json = msgspec.json.Encoder().encode


class UnitFold:
    """One partition of one event topic. `partitions`: of the topic; `region_partitions`: of `region.feed`."""

    def __init__(self, topic: str, partition: int, partitions: int, region_partitions: int) -> None:
        self._topic = topic
        self._partition = partition
        self._partitions = partitions
        self._region_partitions = region_partitions
        self._kind = "sppg" if topic == SPPG_EVENTS else "clinic"
        self._registries: dict[str, RegionRegistry] = {}
        self._registry = Registry(())
        self._regions: dict[str, Units[Any]] = {}
        self._restored_chunks: list[tuple[str, Chunk]] = []
        self._time_ms = 0
        self._dirty_chunks: dict[tuple[str, int, int], Chunk | None] = {}
        self._dirty_registries: set[str] = set()
        self._heard: dict[str, int] = {}
        self._lines = TableLines()

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
            self._units_of(unit).ledger(unit).restore(chunk)
        self._restored_chunks.clear()
        for units in self._regions.values():
            units.restored(self._time_ms)

    def _use_registries(self) -> None:
        self._registry = Registry(self._registries.values())
        for code in self._registries:
            units = self._regions.get(code)
            if units is None:
                side: Any = Kitchens() if self._kind == "sppg" else Clinics(code)
                self._regions[code] = Units(code, self._registry, side, self._owns)
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

    def apply(self, record: Record) -> None:
        """See `Fold`."""
        if record.control == REGISTRY_CHANGE:
            registry = RegionRegistry.decode(record.value)
            self._registries[registry.region.code] = registry
            self._dirty_registries.add(registry.region.code)
            self._use_registries()
        elif not record.control:
            for line, item in enumerate(decode_lines(record.value)):
                self._judge(record, line, item)
        self._advance(record.time_ms)

    def _advance(self, time_ms: int) -> None:
        self._time_ms = max(self._time_ms, time_ms)
        for units in self._regions.values():
            for unit, day, number in units.advance(self._time_ms):
                self._dirty_chunks[unit, day, number] = None

    def _judge(self, record: Record, line: int, item: Event | Refusal) -> None:
        if isinstance(item, Refusal):
            self._refuse(record, line, item)
            return
        unit = item.origin.unit_id
        if item.origin.kind != self._kind or not self._owns(unit):
            detail = f"events of {unit} belong into another topic or partition: key records by the unit id (murmur2)"
            self._refuse(
                record,
                line,
                Refusal(Code.WRONG_PARTITION, detail, id=item.id, source=item.source),
                item,
            )
            return
        received = effective_received(item.received_ms, record.time_ms)
        refusal = check(item, self._registry, received)
        if refusal is not None:
            self._refuse(record, line, refusal, item)
            return
        if received > self._heard.get(unit, 0):
            self._heard[unit] = received
        self._admit(record, line, unit, item, received)

    def _admit(self, record: Record, line: int, unit: str, event: Event, received: int) -> None:
        region = event.origin.region
        units = self._regions[region]
        zone = units.progress.zone
        day = zone.local_day(event.time_ms)
        kind = KIND_OF[type(event)]
        recipient = self._registry.recipient(event.subject, day) if event.subject else None
        limits: Thresholds = self._registry.region(region).thresholds
        fact = Fact(
            event.id,
            digest(event),
            kind,
            event.time_ms,
            received,
            recorded_ms(event),
            event.supersedes or "",
            payload_of(event, kind, recipient, zone.ms_of_day(event.time_ms), limits),
        )
        admission = units.ledger(unit).admit(fact, day, partial(self._keep_chunk, unit))
        if admission.verdict is Verdict.NEW:
            self._fold(record, line, units, unit, event, fact, admission)
        elif admission.verdict is Verdict.DUPLICATE:
            self._except(record, line, "duplicate", "")
        else:
            detail = "an event of this id came before and says something else: correct it with supersedes and a new id"
            self._letter(
                record,
                line,
                Refusal(Code.CONFLICT, detail, id=event.id, source=event.source),
                event,
            )
            self._except(record, line, "conflict", Code.CONFLICT)

    def _keep_chunk(self, unit: str, chunk: Chunk) -> None:
        self._dirty_chunks[unit, chunk.day, chunk.number] = chunk

    def _fold(
        self,
        record: Record,
        line: int,
        units: Units[Any],
        unit: str,
        event: Event,
        fact: Fact,
        admission: Admission,
    ) -> None:
        for gone in admission.gone:
            units.touch(unit, gone, -1)
        for come in admission.come:
            units.touch(unit, come, 1)
        if fact not in admission.come:
            units.touch(unit, fact, 0)
        for event_id, status in admission.statuses:
            row = {
                "source": event.source,
                "id": event_id,
                "superseded_by": status.superseded_by,
                "retracted": int(status.retracted),
                "counts": int(status.counts),
                "revision": record.offset + 1,
            }
            self._lines.add(VERDICTS, "event_status", _json(row))
        for wrong in admission.wrong:
            detail = f"{wrong.id} corrects {wrong.target}, which is of another type: retract it, or send one of its type"
            self._letter(
                record,
                line,
                Refusal(Code.WRONG_CORRECTION, detail, id=wrong.id, source=event.source),
                event,
            )

    # --- exceptions and dead letters --------------------------------------------------------------------------------

    def _refuse(
        self, record: Record, line: int, refusal: Refusal, event: Event | None = None
    ) -> None:
        self._letter(record, line, refusal, event)
        self._except(record, line, "refused", refusal.code)

    def _except(self, record: Record, line: int, verdict: str, code: str) -> None:
        row = self._place(record, line) | {"verdict": verdict, "code": code}
        self._lines.add(VERDICTS, "exceptions", _json(row))

    def _place(self, record: Record, line: int) -> dict[str, Any]:
        return {
            "topic": self._topic,
            "partition": self._partition,
            "offset": record.offset,
            "line": line,
        }

    def _letter(self, record: Record, line: int, refusal: Refusal, event: Event | None) -> None:
        region, unit, event_day = "", "", None
        if event is not None:
            region, _, unit = event.origin
            if region in self._registries:
                event_day = day_to_iso(self._registry.local_day(region, event.time_ms))
        identity = (
            f"{self._topic}/{self._partition}/{record.offset}/{line}/{refusal.code}/{refusal.id}"
        )
        row = {
            "letter_id": hashlib.sha256(identity.encode()).hexdigest()[:32],
            "received_at": rfc3339(record.time_ms),
            "region": region,
            "unit_id": unit,
            "code": refusal.code,
            "detail": refusal.detail,
            "attempts": 1,
            **self._place(record, line),
            "event_day": event_day,
            "key": b64encode(record.key).decode(),
            "bytes": b64encode(refusal.line or split(record.value)[line]).decode(),
        }
        self._lines.add(DEAD_LETTERS, "dead_letters", _json(row), 0)

    # --- flush ------------------------------------------------------------------------------------------------------

    def drain(self, position: int) -> Flush:
        """See `Fold`."""
        feeds: dict[int, list[Any]] = {
            partition: [] for partition in range(self._region_partitions)
        }
        for code in sorted(self._dirty_registries):
            feeds[partition_of(code, self._region_partitions)].append(
                RegistryRows(self._registries[code].encode())
            )
        for code, units in self._regions.items():
            self._drain_region(
                units,
                Stamp(code, position, rfc3339(self._time_ms // 1000 * 1000)),
                feeds[partition_of(code, self._region_partitions)],
            )
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
        for row, newest in units.rows(stamp):
            self._lines.add(UNIT_WINDOWS, row.view, row.line)
            if newest:
                feed.append(LiveRow(row))
        region_of = self._registry.region_of_unit
        heard = [unit for unit in self._heard if region_of(unit) == stamp.region]
        feed += [Heard(unit, self._kind, self._heard.pop(unit)) for unit in heard]

    def _drain_state(self) -> dict[bytes, bytes | None]:
        state: dict[bytes, bytes | None] = {_TIME_KEY: str(self._time_ms).encode()}
        for (unit, day, number), chunk in self._dirty_chunks.items():
            state[_FACTS_KEY + f"{unit}/{day}/{number}".encode()] = (
                None if chunk is None else chunk.packed()
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
