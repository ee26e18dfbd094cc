"""Stage two: the fold of one partition of `region.feed`: areas, alerts, and the live map, of the regions in it.

Its time is the least over the unit folds, and unknown until each has sent one: what is shown as true up to a moment is
true for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from contracts.registry.entities import RegionRegistry, Registry
from contracts.results.reached import Reached, area_stream, encode_progress
from contracts.results.table_rows import PositionRow, encode_row
from contracts.results.topics import (
    ALERTS,
    AREA_WINDOWS,
    EVENT_TOPICS,
    LIVE,
    PROGRESS,
    REGION_FEED,
)
from contracts.time.instant import rfc3339
from contracts.time.windows import GRACE_MS
from streams.core.alerts.alert_stage import AT_MOST, AlertStage
from streams.core.alerts.alert_state import ALERTS_KEY
from streams.core.alerts.command_fold import command_source
from streams.core.fold import Flush, Out, Record
from streams.core.region_feed import (
    CommandReceived,
    Contribution,
    FeedItem,
    LastReceived,
    LiveRow,
    decode_batch,
    decode_contribution,
    decode_item,
    encode,
)
from streams.core.region_stage.areas import Areas
from streams.core.region_stage.earlier_panes import EarlierPanes
from streams.core.region_stage.live_map import LiveMap
from streams.core.region_stage.region_state import PaneOf, RegionState, pane_key
from streams.core.region_stage.waiting_units import WaitingUnits
from streams.core.state_format import name_of, restoring, unreadable
from streams.core.table_records import TableRecords
from streams.core.watched_event import UncountedEvent, WatchedEvent
from streams.core.windowing.row_writer import FlushStamp
from streams.core.windowing.window_table import PANE_REACH

_FRESHNESS_STEP_MS: Final = 60_000
"""A freshness row changes at most once a minute of the region's clock."""


class RegionFold:
    """A `Fold`. `sources`: number of unit folds that feed it, the same of each event topic; `epoch`: of the live maps
    that it begins; `revision_base`: added to the rows' revisions; `alerts_at_most`: see `AlertStage`.
    """

    def __init__(
        self,
        partition: int,
        sources: int,
        epoch: str,
        revision_base: int = 0,
        alerts_at_most: int = AT_MOST,
    ) -> None:
        self._partition = partition
        each = range(sources // len(EVENT_TOPICS))
        self._expected = {f"{topic}/{number}" for topic in EVENT_TOPICS for number in each}
        self._commands = command_source(partition)
        self._epoch = epoch
        self._revision_base = revision_base
        self._state = RegionState()
        self._registry = Registry(())
        self._areas: dict[str, Areas] = {}
        self._live: dict[str, LiveMap] = {}
        self._alerts = AlertStage(revision_base, alerts_at_most)
        self._set_aside: list[str] = []
        self._heard: set[str] = set()
        self._earlier = EarlierPanes()
        self._waiting = WaitingUnits(self._expected)
        self._has_new_region = False
        self._tables = TableRecords()

    # --- state --------------------------------------------------------------------------------------------------------

    def restore(self, topic: str, key: bytes, value: bytes) -> None:
        """See `Fold`."""
        if topic == LIVE:
            region, _, row_key = key.decode(errors="replace").partition("|")
            self._live_of(region).restore(row_key, value)
        elif key.startswith(ALERTS_KEY):
            self._alerts.restore(key, value)
        else:
            self._state.restore(key, value)

    def restored(self) -> list[str]:
        """See `Fold`."""
        try:
            self._use_registries()
        except ValueError:
            raise unreadable(b"registry/") from None
        self._restore_areas(self._time_ms())
        self._heard.update(self._state.positions)
        notices = self._alerts.restored()
        return [
            *notices,
            *(one for region in list(self._live) for one in self._restore_live(region)),
        ]

    def _restore_areas(self, time_ms: int) -> None:
        """Before every unit fold has sent its time (`time_ms` 0) no row is sent: then all of them are still to come."""
        pending, panes = self._state.pending, self._state.panes
        pending.restored(time_ms)
        late = set(pending) if time_ms else panes.keys()
        if time_ms:
            for areas in self._areas.values():
                areas.progress.resume(pending.time_ms)
        for pane in panes:
            if pane not in late:
                with restoring(pane_key(pane)):
                    self._restore_pane(pane)
        for areas in self._areas.values():
            areas.restored()
        for pane in late & panes.keys():
            with restoring(pane_key(pane)):
                self._sum_beside(pane[1])
                contribution = decode_contribution(self._state.panes[pane])
                self._areas_of(contribution.unit).replace(None, contribution)
        if time_ms:
            for areas in self._areas.values():
                areas.advance(time_ms)

    def _restore_pane(self, pane: PaneOf) -> None:
        contribution = decode_contribution(self._state.panes[pane])
        areas = self._areas_of(contribution.unit)
        areas.restore_day(contribution)
        if self._earlier.is_earlier(pane[1], areas.progress.pane):
            self._earlier.add(pane)
        else:
            areas.restore_pane(contribution)

    def _sum_beside(self, pane: int) -> None:
        """Before a pane changes, and by that windows that hold earlier ones too."""
        for one in self._earlier.beside(pane):
            # Out of reach it may have been dropped.
            if (encoded := self._state.panes.get(one)) is not None:
                contribution = decode_contribution(encoded)
                self._areas_of(contribution.unit).restore_pane(contribution)

    def _restore_live(self, region: str) -> Iterator[str]:
        """Puts one live map in order; gives a line for what could not be read."""
        areas = self._areas.get(region)
        if areas is None:
            del self._live[region]
            yield f"live map of {name_of(region)}, which no registry names: left out"
            return
        unread = self._live[region].restored()
        for row_key in unread:
            areas.write_again(row_key)
            alert = self._alerts.row_of(region, row_key)
            if alert is not None:
                self._live[region].put_alert(alert)
        if unread:
            yield (
                f"live map of {region}: {len(unread)} records could not be read, the first {name_of(unread[0])}; "
                "areas are written again, units when they next report"
            )

    def _use_registries(self) -> None:
        self._registry = Registry(self._state.registries.values())
        for code in self._state.registries:
            areas = self._areas.get(code)
            if areas is None:
                self._areas[code] = Areas(code, self._registry)
            else:
                areas.use(self._registry)
        self._alerts.use(self._registry)

    def _live_of(self, region: str) -> LiveMap:
        live = self._live.get(region)
        if live is None:
            live = self._live[region] = LiveMap(region, self._epoch)
        return live

    def _areas_of(self, unit: str) -> Areas:
        region = self._registry.region_of_source(unit)
        if region is None:
            raise LookupError(f"a contribution of {unit} came before the registry that names it")
        return self._areas[region]

    def _time_ms(self) -> int:
        """The region's clock up to which every unit fold has sent everything; 0 while one has sent nothing."""
        sources = self._state.sources
        return min(sources.values()) if len(sources) == len(self._expected) else 0

    # --- records ------------------------------------------------------------------------------------------------------

    def apply(self, *records: Record) -> None:
        """See `Fold`."""
        for record in records:
            try:
                self._apply(record)
            except (ValueError, LookupError) as error:
                # Only who may write to `region.feed` can do this; the partition must go on.
                self._set_aside.append(f"record {record.offset} of {REGION_FEED}: {_reason(error)}")
        self._alerts.advance(self._time_ms())

    def _apply(self, record: Record) -> None:
        batch = decode_batch(record.value)
        if batch.source not in self._expected and batch.source != self._commands:
            raise ValueError("it is of no unit fold")
        items = [decode_item(raw) for raw in batch.items]
        for item in items:
            self._take(item)
            if isinstance(item, Contribution):
                self._waiting.contributed(batch.source, item.unit)
        if batch.has_all:
            self._waiting.has_all(batch.source)
        if batch.time_ms:
            time_ms = max(batch.time_ms, self._state.sources.get(batch.source, 0))
            self._state.set_source(batch.source, time_ms, batch.position)
            self._heard.add(batch.source)
            self._advance()

    def _take(self, item: FeedItem) -> None:
        if isinstance(item, Contribution):
            self._contribute(item)
        elif isinstance(item, LiveRow):
            region = self._registry.region_of_source(item.row.area)
            if region is not None:
                self._live_of(region).put(item.row)
        elif isinstance(item, LastReceived):
            # Recipients report a few times a day: when they were last heard of is no sign of health.
            if item.kind != "recipient":
                self._note_received(item)
                self._alerts.take(item.unit, item)
        elif isinstance(item, WatchedEvent | UncountedEvent):
            self._alerts.take(item.source, item)
        elif isinstance(item, CommandReceived):
            self._alerts.take_command(item)
        else:
            self._take_registry(item.encoded, item.since)

    def _contribute(self, item: Contribution) -> None:
        pane, raw = (item.unit, item.pane), encode(item)
        present = self._state.panes.get(pane)
        if present != raw:
            self._sum_beside(item.pane)
            old = None if present is None else decode_contribution(present)
            self._areas_of(item.unit).replace(old, item)
            self._state.set_pane(pane, raw)

    def _take_registry(self, encoded: bytes, since: int) -> None:
        """A unit fold that is behind may still send what another has replaced. Rows are only added, so the longer one is newer."""
        registry = RegionRegistry.decode(encoded)
        code = registry.region.code
        if since and since < self._state.since.get(code, since + 1):
            self._state.set_since(code, since)
        present = self._state.registries.get(code)
        if present is None or _rows_in(registry) >= _rows_in(present):
            self._has_new_region |= code not in self._areas
            self._state.set_registry(code, registry, encoded)
            self._use_registries()

    def _note_received(self, item: LastReceived) -> None:
        areas = self._areas_of(item.unit)
        live = self._live_of(areas.region)
        before = live.last_received(item.unit)
        if before is not None and item.received < before + _FRESHNESS_STEP_MS:
            return
        unit = self._registry.unit(item.unit, areas.progress.zone.local_day(item.received))
        kecamatan = unit.kecamatan if unit else ""
        live.put_freshness(item.unit, item.kind, item.received, kecamatan)

    def _advance(self) -> None:
        time_ms = self._time_ms()
        if not time_ms:
            return
        for code, areas in self._areas.items():
            day = areas.progress.day
            if day < 0:
                # Days may lie between the first record and the first flush when the log is read anew.
                areas.advance(min(self._state.since.get(code, time_ms), time_ms))
            areas.advance(time_ms)
            self._alerts.begin(code, min(self._state.since.get(code, time_ms), time_ms))
            if areas.progress.day != day:
                self._state.forget_panes(areas.progress.pane - PANE_REACH * 2)

    # --- flush --------------------------------------------------------------------------------------------------------

    def drain(self, position: int, with_rows: bool = True, /) -> Flush:
        """See `Fold`."""
        time_ms = self._time_ms()
        out: list[Out] = []
        is_behind = False
        if time_ms:
            self._alerts.advance(time_ms)
            # Rows that a new region has though nothing comes are derived from no pane that waits.
            new, self._has_new_region = self._has_new_region, False
            with_rows = with_rows or new or self._state.pending.must_be_written(time_ms)
            for areas in self._areas.values():
                out += self._drain_region(areas, position, time_ms, with_rows)
                is_behind |= self._alerts.reached(areas.region, time_ms) < time_ms - GRACE_MS
            out.append(self._progress(position, time_ms, with_rows))
            self._state.add(self._state.pending.record(time_ms, with_rows))
        else:
            # The position goes out, so what was read before it must be stored: a crash may be next.
            for live in self._live.values():
                out += live.unshown(self._partition)
        notices, self._set_aside = (*self._set_aside, *self._alerts.notices()), []
        self._state.add(self._alerts.records())
        return Flush(self._state.drain(), [*self._tables.drain(), *out], notices, is_behind)

    def _progress(self, position: int, time_ms: int, with_rows: bool) -> Out:
        """Says how far this fold is with its own input, and by that with each unit fold's: to receipts, and `with_rows` in
        table `positions`.
        """
        own = Reached(AREA_WINDOWS, REGION_FEED, self._partition, position, time_ms)
        stream = area_stream(self._partition)
        reached = [own]
        for source, at in self._state.positions.items():
            topic, _, number = source.rpartition("/")
            reached.append(Reached(stream, topic, int(number), at, time_ms))
            if with_rows and source in self._heard:
                self._add_position(reached[-1])
        if with_rows:
            self._heard.clear()
            self._add_position(own)
        return Out(PROGRESS, 0, encode_progress(reached), stream.encode())

    def _add_position(self, one: Reached) -> None:
        row = PositionRow.at(one.stream, one.topic, one.partition, one.position, one.time_ms)
        self._tables.add(AREA_WINDOWS, "positions", encode_row(row))

    def _drain_region(
        self, areas: Areas, position: int, time_ms: int, with_rows: bool
    ) -> list[Out]:
        live = self._live_of(areas.region)
        updated_at = rfc3339(time_ms // 1000 * 1000)
        stamp = FlushStamp(areas.region, self._revision_base + position, updated_at)
        for row in areas.newest_rows(stamp):
            live.put(row)
        if with_rows:
            for row, line, is_for_walls in areas.rows(stamp):
                self._tables.add(AREA_WINDOWS, row.view, line)
                if is_for_walls:
                    live.put(row)
        for change in self._alerts.rows(areas.region):
            self._tables.add(ALERTS, "alert_changes", encode_row(change))
            # What changes after it has left the wall stays off it: nothing would remove it again.
            if self._alerts.is_shown(areas.region, change.id):
                live.put_alert(change)
        for identity in self._alerts.removed(areas.region):
            live.remove(identity)
        progress = areas.progress
        live.sweep(progress, progress.zone.day_start_ms(progress.day + 1))
        waiting = self._waiting if with_rows else None
        as_of = self._alerts.reached(areas.region, time_ms)
        return live.frame(as_of, self._partition, self._state.positions, waiting)


def _rows_in(registry: RegionRegistry) -> int:
    return len(registry.units) + len(registry.recipients) + len(registry.calendar)


def _reason(error: Exception) -> str:
    """Says nothing of the value: that may be personal."""
    return (
        "it is not what a unit fold sends"
        if isinstance(error, msgspec.MsgspecError)
        else str(error)
    )
