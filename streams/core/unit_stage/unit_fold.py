"""Stage one: the fold of one partition of an event topic.

record -> lines -> intake -> sums of panes -> unit rows, contributions, statuses
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from contracts.events.decode import decode_records
from contracts.events.partition import partition_of
from contracts.registry.entities import Registry
from contracts.results.table_rows import PositionRow, encode_row
from contracts.results.topics import (
    REGION_FEED,
    REGISTRY_CHANGE,
    UNIT_WINDOWS,
    VERDICTS,
)
from contracts.time.instant import rfc3339
from streams.core.fold import Flush, Out, Record
from streams.core.region_feed import LiveRow, RegistrySnapshot, feed_records
from streams.core.state_format import UnreadableStateError, restoring, unreadable
from streams.core.table_records import TableRecords
from streams.core.unit_stage.input_partition import InputPartition
from streams.core.unit_stage.intake import Intake
from streams.core.unit_stage.sides import SIDES
from streams.core.unit_stage.unit_state import UnitState
from streams.core.unit_stage.units import Units
from streams.core.windowing.pending_rows import ROWS_KEY
from streams.core.windowing.row_writer import FlushStamp


class UnitFold:
    """A `Fold`. `partitions`: of the topic; `region_partitions`: of `region.feed`; `revision_base`: added to the rows' revisions."""

    def __init__(
        self,
        topic: str,
        partition: int,
        partitions: int,
        region_partitions: int,
        revision_base: int = 0,
    ) -> None:
        self._partition = InputPartition(topic, partition, partitions)
        self._region_partitions = region_partitions
        self._revision_base = revision_base
        self._state = UnitState()
        self._registry = Registry(())
        self._regions: dict[str, Units[Any]] = {}
        self._tables = TableRecords()
        self._intake = Intake(self._partition, self._tables)

    # --- state --------------------------------------------------------------------------------------------------------

    def restore(self, _topic: str, key: bytes, value: bytes) -> None:
        """See `Fold`."""
        self._state.restore(key, value)

    def restored(self) -> list[str]:
        """See `Fold`."""
        try:
            self._use_registries()
        except ValueError:
            raise unreadable(b"registry/") from None
        for (unit, day), chunks in self._state.chunks().items():
            self._units_of(unit).restore(unit, day, chunks)
        pending = self._state.pending
        pending.restored(self._state.time_ms)
        panes: dict[str, list[tuple[str, int]]] = defaultdict(list)
        with restoring(ROWS_KEY):
            for unit, pane in pending:
                panes[self._units_of(unit).region].append((unit, pane))
        for code, units in self._regions.items():
            units.restored(self._state.time_ms, pending.time_ms, panes[code])
        return []

    def _use_registries(self) -> None:
        self._registry = Registry(self._state.registries.values())
        for code in self._state.registries:
            units = self._regions.get(code)
            if units is None:
                side = SIDES[self._partition.topic](code)
                self._regions[code] = Units(
                    code, self._registry, side, self._partition.owns, self._state.unwritten
                )
            else:
                units.use(self._registry)
        self._intake.use(self._registry, self._regions)

    def _units_of(self, unit: str) -> Units[Any]:
        region = SIDES[self._partition.topic].region_of(self._registry, unit)
        if region is None:
            raise UnreadableStateError(
                f"state holds facts of {unit}, which no registry names: the state topic is of another installation"
            )
        return self._regions[region]

    # --- records ------------------------------------------------------------------------------------------------------

    def apply(self, *records: Record) -> None:
        """See `Fold`."""
        take, letters = self._intake.take, self._intake.letters
        decoded = decode_records([record.value for record in records if not record.control])
        for record in records:
            if record.control == REGISTRY_CHANGE:
                self._state.take_registry(record.value, record.time_ms)
                self._use_registries()
            elif not record.control:
                for line, item in enumerate(next(decoded)):
                    take(record, line, item)
                if letters.in_full:
                    letters.end(record)
            if record.control or record.time_ms > self._state.time_ms:
                self._advance(record.time_ms)

    def _advance(self, time_ms: int) -> None:
        self._state.time_ms = max(self._state.time_ms, time_ms)
        for units in self._regions.values():
            units.advance(self._state.time_ms)

    # --- flush --------------------------------------------------------------------------------------------------------

    def drain(self, position: int, with_rows: bool = True, /) -> Flush:
        """See `Fold`."""
        state = self._state
        # Rows that a new region has though nothing comes are derived from no pane that waits.
        with_rows = bool(
            with_rows or state.changed_registries or state.pending.must_be_written(state.time_ms)
        )
        feeds: dict[str, list[Any]] = defaultdict(list)
        for code in sorted(self._state.changed_registries):
            encoded = self._state.registries[code].encode()
            feeds[code].append(RegistrySnapshot(encoded, self._state.changed_registries[code]))
        updated_at = rfc3339(self._state.time_ms // 1000 * 1000)
        for code, units in self._regions.items():
            stamp = FlushStamp(code, self._revision_base + position, updated_at)
            self._drain_region(units, stamp, feeds[code], with_rows)
        for code, item in (*self._intake.last_received(), *self._intake.watched()):
            feeds[code].append(item)
        for status in self._intake.statuses():
            self._tables.add(VERDICTS, "event_status", encode_row(status))
        if with_rows:
            self._add_positions(position)
        return Flush(
            state.drain(with_rows), [*self._tables.drain(), *self._feed(feeds, position, with_rows)]
        )

    def _add_positions(self, position: int) -> None:
        for stream in (UNIT_WINDOWS, VERDICTS):
            at = PositionRow.at(
                stream,
                self._partition.topic,
                self._partition.number,
                position,
                self._state.time_ms,
            )
            self._tables.add(stream, "positions", encode_row(at))

    def _drain_region(
        self, units: Units[Any], stamp: FlushStamp, feed: list[Any], with_rows: bool
    ) -> None:
        # Before the rows: those forget what is out of reach.
        for contribution in units.contributions():
            self._state.pending.add(contribution.unit, contribution.pane)
            feed.append(contribution)
        feed += map(LiveRow, units.newest_rows(stamp))
        if with_rows:
            for row, line, is_for_walls in units.rows(stamp):
                self._tables.add(UNIT_WINDOWS, row.view, line)
                if is_for_walls:
                    feed.append(LiveRow(row))

    def _feed(self, feeds: dict[str, list[Any]], position: int, with_rows: bool) -> list[Out]:
        """The records for `region.feed`: each of its partitions gets one at least, which carries the time."""
        items: list[list[Any]] = [[] for _ in range(self._region_partitions)]
        for code, some in feeds.items():
            items[partition_of(code, self._region_partitions)] += some
        return [
            Out(REGION_FEED, number, value)
            for number, some in enumerate(items)
            for value in feed_records(
                self._partition.name, position, self._state.time_ms, some, with_rows
            )
        ]
