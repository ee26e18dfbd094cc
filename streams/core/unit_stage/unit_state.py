"""State of a unit fold: the registries, the chunks of facts, and the time. Everything else is derived from them.

time                        the fold's time, epoch ms
registry/<region>           `RegionRegistry.encode()`
facts/<unit>/<day>/<n>      `Chunk.written()`
rows                        see `PendingRows`
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from contracts.registry.entities import RegionRegistry
from contracts.unreadable import UNREADABLE
from streams.core.history.chunks import Chunk
from streams.core.history.ledger import Unwritten
from streams.core.state_format import marked, unmarked, unreadable
from streams.core.windowing.pending_rows import ROWS_KEY, PendingRows

_TIME_KEY: Final = b"time"
_REGISTRY_KEY: Final = b"registry/"
_FACTS_KEY: Final = b"facts/"

RestoredChunks = dict[tuple[str, int], list[tuple[bytes, Chunk]]]
"""(unit, local day) -> its chunks, each with its key."""


class UnitState:
    """`unwritten`: chunks that the next `drain` gives; ledgers put them there."""

    def __init__(self) -> None:
        self.time_ms = 0
        self.pending = PendingRows()
        self.registries: dict[str, RegionRegistry] = {}
        self.unwritten: Unwritten = {}
        # Each with the time of the first record that changed it.
        self.changed_registries: dict[str, int] = {}
        self._restored: RestoredChunks = defaultdict(list)

    def restore(self, key: bytes, value: bytes) -> None:
        """See `Fold.restore`."""
        value = unmarked(key, value)
        try:
            if key == _TIME_KEY:
                self.time_ms = int(value)
            elif key == ROWS_KEY:
                self.pending.restore(value)
            elif key.startswith(_REGISTRY_KEY):
                registry = RegionRegistry.decode(value)
                self.registries[registry.region.code] = registry
            elif key.startswith(_FACTS_KEY):
                unit, day, number = key[len(_FACTS_KEY) :].decode().rsplit("/", 2)
                chunk = Chunk(int(day), int(number), value)
                self._restored[unit, chunk.day].append((key, chunk))
            else:
                raise unreadable(key)
        except UNREADABLE:
            raise unreadable(key) from None

    def chunks(self) -> RestoredChunks:
        """The chunks that were restored, once."""
        restored, self._restored = self._restored, defaultdict(list)
        return restored

    def take_registry(self, value: bytes, time_ms: int) -> None:
        """A region's registry as a control record of `time_ms` brings it."""
        registry = RegionRegistry.decode(value)
        self.registries[registry.region.code] = registry
        self.changed_registries.setdefault(registry.region.code, time_ms)

    def drain(self, with_rows: bool) -> dict[bytes, bytes | None]:
        """The records that changed since the last drain; `with_rows`: whether rows for the tables go with them."""
        state: dict[bytes, bytes | None] = {_TIME_KEY: marked(str(self.time_ms).encode())}
        for (unit, day, number), chunk in self.unwritten.items():
            state[_FACTS_KEY + f"{unit}/{day}/{number}".encode()] = (
                None if chunk is None else marked(chunk.written())
            )
        for code in self.changed_registries:
            state[_REGISTRY_KEY + code.encode()] = marked(self.registries[code].encode())
        state |= self.pending.record(self.time_ms, with_rows)
        self.unwritten.clear()
        self.changed_registries.clear()
        return state


def unit_seed(registries: Iterable[RegionRegistry], time_ms: int) -> dict[bytes, bytes]:
    """State of a fold that begins at `time_ms`, in a log that no longer holds the registries' records."""
    state = {_REGISTRY_KEY + one.region.code.encode(): marked(one.encode()) for one in registries}
    return state | {_TIME_KEY: marked(str(time_ms).encode())}
