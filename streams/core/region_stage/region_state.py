"""State of a region fold: what each unit fold has sent. Everything but the live map and alerts is derived from it.

source/<topic>/<partition>   the unit fold's time, epoch ms, and its position: two numbers, at first the time alone
registry/<region>            `RegionRegistry.encode()`
since/<region>               when the region was first known, epoch ms: its rows exist in silence from that day on
pane/<unit>/<pane>           `Contribution`, msgpack
alerts/<region>/...          see `streams.core.alerts.alert_state`
rows                         see `PendingRows`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from contracts.registry.entities import RegionRegistry
from contracts.unreadable import UNREADABLE
from streams.core.state_format import marked, unmarked, unreadable
from streams.core.windowing.pending_rows import ROWS_KEY, PendingRows

_SOURCE_KEY: Final = b"source/"
_REGISTRY_KEY: Final = b"registry/"
_PANE_KEY: Final = b"pane/"
_SINCE_KEY: Final = b"since/"

PaneOf = tuple[str, int]
"""(unit, pane)"""


class RegionState:
    """Read its dicts, change them by its methods only: those note what `drain` must give."""

    def __init__(self) -> None:
        self.sources: dict[str, int] = {}
        self.positions: dict[str, int] = {}
        self.registries: dict[str, RegionRegistry] = {}
        self.since: dict[str, int] = {}
        self.panes: dict[PaneOf, bytes] = {}
        self.pending = PendingRows()
        self._changed: dict[bytes, bytes | None] = {}

    def restore(self, key: bytes, value: bytes) -> None:
        """See `Fold.restore`."""
        value = unmarked(key, value)
        try:
            if key.startswith(_PANE_KEY):
                unit, pane = key[len(_PANE_KEY) :].decode().rsplit("/", 1)
                self.panes[unit, int(pane)] = value
            elif key.startswith(_SOURCE_KEY):
                self._restore_source(key[len(_SOURCE_KEY) :].decode(), value)
            elif key.startswith(_REGISTRY_KEY):
                registry = RegionRegistry.decode(value)
                self.registries[registry.region.code] = registry
            elif key.startswith(_SINCE_KEY):
                self.since[key[len(_SINCE_KEY) :].decode()] = int(value)
            elif key == ROWS_KEY:
                self.pending.restore(value)
            else:
                raise unreadable(key)
        except UNREADABLE:
            raise unreadable(key) from None

    def _restore_source(self, source: str, value: bytes) -> None:
        time_ms, _, position = value.partition(b" ")
        self.sources[source] = int(time_ms)
        if position:
            self.positions[source] = int(position)

    def set_source(self, source: str, time_ms: int, position: int) -> None:
        """The time of a unit fold, and the offset in its input before which everything is applied."""
        self.sources[source] = time_ms
        self.positions[source] = position
        self._changed[_SOURCE_KEY + source.encode()] = marked(f"{time_ms} {position}".encode())

    def set_registry(self, code: str, registry: RegionRegistry, encoded: bytes) -> None:
        """A region's registry, and the same encoded."""
        self.registries[code] = registry
        self._changed[_REGISTRY_KEY + code.encode()] = marked(encoded)

    def set_since(self, code: str, time_ms: int) -> None:
        """When a region was first known."""
        self.since[code] = time_ms
        self._changed[_SINCE_KEY + code.encode()] = marked(str(time_ms).encode())

    def set_pane(self, pane: PaneOf, encoded: bytes) -> None:
        """The newest contribution of a unit's pane."""
        self.panes[pane] = encoded
        self.pending.add(*pane)
        self._changed[pane_key(pane)] = marked(encoded)

    def forget_panes(self, least_pane: int) -> None:
        """Drops panes before `least_pane`: no event can reach them."""
        for pane in [pane for pane in self.panes if pane[1] < least_pane]:
            del self.panes[pane]
            self._changed[pane_key(pane)] = None

    def add(self, records: Mapping[bytes, bytes | None]) -> None:
        """Records of a part of the fold that keeps them itself."""
        self._changed.update(records)

    def drain(self) -> dict[bytes, bytes | None]:
        """The records that changed since the last drain."""
        changed, self._changed = self._changed, {}
        return changed


def pane_key(pane: PaneOf) -> bytes:
    """The key of a unit's pane."""
    return _PANE_KEY + f"{pane[0]}/{pane[1]}".encode()


def region_seed(registries: Iterable[RegionRegistry], time_ms: int) -> dict[bytes, bytes]:
    """State of a fold that begins at `time_ms`, in a log that no longer holds the registries' records."""
    state = RegionState()
    for one in registries:
        state.set_registry(one.region.code, one, one.encode())
        state.set_since(one.region.code, time_ms)
    return {key: value for key, value in state.drain().items() if value is not None}
