"""Stage two: the fold of one partition of `region.feed`: areas, and the live map, of the regions in it.

Time is the least over the unit agents' partitions, and unknown until each has spoken: what is shown as true up to a moment is true for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from contracts.registry.entities import RegionRegistry, Registry
from contracts.results.topics import AREA_WINDOWS, LIVE, REGION_FEED
from contracts.time.instant import rfc3339
from contracts.time.windows import GRACE_MS
from streams.core.fold import Flush, Out, Record
from streams.core.region_feed import (
    Contribution,
    Heard,
    LiveRow,
    RegistryRows,
    decode_batch,
    decode_contribution,
    decode_item,
    encode,
)
from streams.core.region_stage.areas import Areas
from streams.core.region_stage.live_map import LiveMap
from streams.core.table_records import TableRecords
from streams.core.windowing.row_writer import Stamp
from streams.core.windowing.window_table import PANE_REACH

_SOURCE_KEY: Final = b"source/"
_REGISTRY_KEY: Final = b"registry/"
_PANE_KEY: Final = b"pane/"
_SINCE_KEY: Final = b"since/"
_HEARD_STEP_MS: Final = 60_000
"""A freshness row changes at most once a minute of the region's clock."""

_json = msgspec.json.Encoder().encode


class RegionFold:
    """`sources`: number of unit agents' partitions that feed it; `epoch`: of the live maps that it begins;
    `revision_base`: added to the rows' revisions.
    """

    def __init__(self, partition: int, sources: int, epoch: str, revision_base: int = 0) -> None:
        self._partition = partition
        self._expected = sources
        self._epoch = epoch
        self._revision_base = revision_base
        # When each region was first known: its rows exist in silence from that day on.
        self._since: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._registries: dict[str, RegionRegistry] = {}
        self._registry = Registry(())
        self._areas: dict[str, Areas] = {}
        self._live: dict[str, LiveMap] = {}
        self._panes: dict[tuple[str, int], bytes] = {}
        self._heard: dict[str, int] = {}
        self._state: dict[bytes, bytes | None] = {}
        self._lines = TableRecords()

    # --- state ------------------------------------------------------------------------------------------------------

    def restore(self, topic: str, key: bytes, value: bytes) -> None:
        """See `Fold`."""
        if topic == LIVE:
            region, row_key = key.decode().split("|", 1)
            self._live_of(region).restore(row_key, value)
        elif key.startswith(_SOURCE_KEY):
            self._sources[key[len(_SOURCE_KEY) :].decode()] = int(value)
        elif key.startswith(_REGISTRY_KEY):
            registry = RegionRegistry.decode(value)
            self._registries[registry.region.code] = registry
        elif key.startswith(_SINCE_KEY):
            self._since[key[len(_SINCE_KEY) :].decode()] = int(value)
        elif key.startswith(_PANE_KEY):
            unit, pane = key[len(_PANE_KEY) :].decode().rsplit("/", 1)
            self._panes[unit, int(pane)] = value

    def restored(self) -> None:
        """See `Fold`."""
        self._use_registries()
        time_ms = self._time_ms()
        for areas in self._areas.values():
            if time_ms:
                areas.progress.resume(time_ms)
        for raw in self._panes.values():
            contribution = decode_contribution(raw)
            self._areas_of(contribution.unit).replace(None, contribution)
        if time_ms:
            # Before every unit agent has spoken no row is sent: then all of them are still to come.
            for areas in self._areas.values():
                areas.settle()
        for live in self._live.values():
            live.restored()
            self._heard.update(live.last_received())

    def _use_registries(self) -> None:
        self._registry = Registry(self._registries.values())
        for code in self._registries:
            areas = self._areas.get(code)
            if areas is None:
                self._areas[code] = Areas(code, self._registry)
            else:
                areas.use(self._registry)

    def _live_of(self, region: str) -> LiveMap:
        live = self._live.get(region)
        if live is None:
            live = self._live[region] = LiveMap(region, self._epoch)
        return live

    def _areas_of(self, unit: str) -> Areas:
        region = self._registry.region_of_unit(unit)
        if region is None:
            raise LookupError(f"a contribution of {unit} came before the registry that names it")
        return self._areas[region]

    def _time_ms(self) -> int:
        """The region's clock up to which every unit agent has spoken; 0 while one has not."""
        return min(self._sources.values()) if len(self._sources) == self._expected else 0

    # --- records ----------------------------------------------------------------------------------------------------

    def apply(self, *records: Record) -> None:
        """See `Fold`."""
        for record in records:
            self._apply(record)

    def _apply(self, record: Record) -> None:
        batch = decode_batch(record.value)
        for raw in batch.items:
            self._take(decode_item(raw))
        if batch.time_ms:
            self._sources[batch.source] = max(batch.time_ms, self._sources.get(batch.source, 0))
            self._state[_SOURCE_KEY + batch.source.encode()] = str(
                self._sources[batch.source]
            ).encode()
            self._advance()

    def _take(self, item: Contribution | LiveRow | Heard | RegistryRows) -> None:
        if isinstance(item, Contribution):
            key = (item.unit, item.pane)
            raw = encode(item)
            held = self._panes.get(key)
            if held != raw:
                self._areas_of(item.unit).replace(decode_contribution(held) if held else None, item)
                self._panes[key] = raw
                self._state[_PANE_KEY + f"{item.unit}/{item.pane}".encode()] = raw
        elif isinstance(item, LiveRow):
            region = self._registry.region_of_unit(item.row.area)
            if region is not None:
                self._live_of(region).put(item.row)
        elif isinstance(item, Heard):
            self._hear(item)
        else:
            self._take_registry(item.encoded, item.since)

    def _take_registry(self, encoded: bytes, since: int) -> None:
        """A unit agent that is behind may still send what another has replaced. Rows are only added, so the longer one is newer."""
        registry = RegionRegistry.decode(encoded)
        code = registry.region.code
        if since and since < self._since.get(code, since + 1):
            self._since[code] = since
            self._state[_SINCE_KEY + code.encode()] = str(since).encode()
        held = self._registries.get(code)
        if held is None or _rows_in(registry) >= _rows_in(held):
            self._registries[code] = registry
            self._state[_REGISTRY_KEY + code.encode()] = encoded
            self._use_registries()

    def _hear(self, item: Heard) -> None:
        if item.received < self._heard.get(item.unit, -_HEARD_STEP_MS) + _HEARD_STEP_MS:
            return
        areas = self._areas_of(item.unit)
        unit = self._registry.unit(item.unit, areas.progress.zone.local_day(item.received))
        self._heard[item.unit] = item.received
        self._live_of(areas.region).put_freshness(
            item.unit, item.kind, item.received, unit.kecamatan if unit else ""
        )

    def _advance(self) -> None:
        time_ms = self._time_ms()
        if not time_ms:
            return
        for code, areas in self._areas.items():
            day = areas.progress.day
            if day < 0:
                # Days may lie between the first record and the first flush when the log is read anew.
                areas.advance(min(self._since.get(code, time_ms), time_ms))
            areas.advance(time_ms)
            if areas.progress.day != day:
                self._forget(areas.progress.pane - PANE_REACH * 2)

    def _forget(self, least_pane: int) -> None:
        for key in [key for key in self._panes if key[1] < least_pane]:
            del self._panes[key]
            self._state[_PANE_KEY + f"{key[0]}/{key[1]}".encode()] = None

    # --- flush ------------------------------------------------------------------------------------------------------

    def drain(self, position: int) -> Flush:
        """See `Fold`."""
        time_ms = self._time_ms()
        out: list[Out] = []
        if time_ms:
            for areas in self._areas.values():
                out += self._drain_region(areas, position, time_ms)
            self._lines.add(AREA_WINDOWS, "positions", _json(self._position(position, time_ms)))
        else:
            # The position goes out, so what was read before it must be kept: a crash may be next.
            for live in self._live.values():
                out += live.parked(self._partition)
        state, self._state = self._state, {}
        return Flush(state, [*self._lines.drain(), *out])

    def _drain_region(self, areas: Areas, position: int, time_ms: int) -> list[Out]:
        live = self._live_of(areas.region)
        for row, newest in areas.rows(
            Stamp(
                areas.region,
                self._revision_base + position,
                rfc3339(time_ms // 1000 * 1000),
            )
        ):
            self._lines.add(AREA_WINDOWS, row.view, row.line)
            if newest:
                live.put(row)
        zone = areas.progress.zone
        live.sweep(areas.progress, zone.day_start_ms(areas.progress.day + 1))
        return live.frame(time_ms - GRACE_MS, self._partition)

    def _position(self, position: int, time_ms: int) -> dict[str, Any]:
        return {
            "stream": AREA_WINDOWS,
            "topic": REGION_FEED,
            "partition": self._partition,
            "position": position,
            "watermark": rfc3339(time_ms - GRACE_MS),
            "time": rfc3339(time_ms),
        }


def _rows_in(registry: RegionRegistry) -> int:
    return len(registry.units) + len(registry.recipients)


def region_seed(registries: Iterable[RegionRegistry], time_ms: int) -> dict[bytes, bytes]:
    """State of a fold that begins at `time_ms`, in a log that no longer holds the registries' records."""
    state: dict[bytes, bytes] = {}
    for one in registries:
        code = one.region.code.encode()
        state[_REGISTRY_KEY + code] = one.encode()
        state[_SINCE_KEY + code] = str(time_ms).encode()
    return state
