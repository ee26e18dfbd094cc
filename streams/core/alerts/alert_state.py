"""State of a region's alerts, in the records of the region fold.

alerts/<region>/~at                 `AlertClock`
alerts/<region>/alert/<id>          `Alert`
alerts/<region>/event/<source>/<id> `StoredEvent`: an event that alerts may depend on, or that waits to count
alerts/<region>/undo/<source>/<id>  `StoredUndo`: it waits to count no longer
alerts/<region>/heard/<unit>        when something was received of a unit: the newest before the clock, and all after it
alerts/<region>/sensor/<key>        `SensorLog`
alerts/<region>/command/<id>        `CommandReceived`: one that waits
alerts/<region>/plan                `JudgePlan`
alerts/<region>/cluster/<chunk>     what `ClusterWatch.changed` gave
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from streams.core.alerts.alert import Alert
from streams.core.alerts.alert_book import BookCounters
from streams.core.alerts.kinds.suspicions import JudgePlan
from streams.core.alerts.kinds.temperatures import SensorLog
from streams.core.region_feed import CommandReceived
from streams.core.state_format import marked, unmarked, unreadable
from streams.core.watched_event import UncountedEvent, WatchedEvent, with_data

ALERTS_KEY: Final = b"alerts/"


class AlertClock(msgspec.Struct, array_like=True, gc=False):
    """`until`: all that was received before it is applied, epoch ms; `begun`: when the region was first known."""

    until: int
    begun: int
    counters: BookCounters


class StoredEvent(msgspec.Struct, array_like=True, gc=False):
    """`order`: of arrival, among those of one source and moment."""

    order: int
    event: WatchedEvent


class StoredUndo(msgspec.Struct, array_like=True, gc=False):
    """`order`: as of `StoredEvent`."""

    order: int
    event: UncountedEvent


class AlertRecords:
    """The records of one region: those that were restored, until they are taken, and those that changed."""

    def __init__(self, region: str) -> None:
        self._prefix = ALERTS_KEY + f"{region}/".encode()
        self._changed: dict[bytes, bytes | None] = {}
        self.clock = AlertClock(0, 0, BookCounters())
        self.alerts: list[Alert] = []
        self.events: list[StoredEvent] = []
        self.undos: list[StoredUndo] = []
        self.heard: dict[str, list[int]] = {}
        self.sensors: dict[str, SensorLog] = {}
        self.commands: list[CommandReceived] = []
        self.plan = JudgePlan()
        self.chunks: list[bytes] = []

    def restore(self, key: bytes, value: bytes) -> None:
        """Takes one record. Raises `UnreadableStateError`."""
        value = unmarked(key, value)
        try:
            what, _, name = key[len(self._prefix) :].decode().partition("/")
            self._restore(what, name, value)
        except (ValueError, KeyError):
            raise unreadable(key) from None

    def _restore(self, what: str, name: str, value: bytes) -> None:
        if what == "cluster":
            self.chunks.append(value)
            return
        decoded = _DECODE[what](value)
        if what == "event":
            with_data(decoded.event)
            self.events.append(decoded)
        elif what == "alert":
            self.alerts.append(decoded)
        elif what == "undo":
            self.undos.append(decoded)
        elif what == "heard":
            self.heard[name] = decoded
        elif what == "sensor":
            self.sensors[name] = decoded
        elif what == "command":
            self.commands.append(decoded)
        elif what == "plan":
            self.plan = decoded
        else:
            self.clock = decoded

    def put(self, name: str, value: Any) -> None:
        """Notes a record to write; None: to delete."""
        self.put_raw(name, None if value is None else _encode(value))

    def put_raw(self, name: str, value: bytes | None) -> None:
        """As `put`, of a value that is encoded."""
        self._changed[self._prefix + name.encode()] = None if value is None else marked(value)

    def drain(self) -> dict[bytes, bytes | None]:
        """The records that changed since the last call."""
        changed, self._changed = self._changed, {}
        return changed


def region_of_key(key: bytes) -> str:
    """The region that a key of alerts names."""
    return key[len(ALERTS_KEY) :].partition(b"/")[0].decode(errors="replace")


_encode: Final[Callable[[Any], bytes]] = msgspec.msgpack.Encoder().encode


# Made once: a take-over reads hundreds of thousands of events, 1.5 us each, 2.5 where their type is given each time.
_DECODE: Final[dict[str, Callable[[bytes], Any]]] = {
    what: msgspec.msgpack.Decoder(kind).decode
    for what, kind in {
        "~at": AlertClock,
        "alert": Alert,
        "event": StoredEvent,
        "undo": StoredUndo,
        "heard": list[int],
        "sensor": SensorLog,
        "command": CommandReceived,
        "plan": JudgePlan,
    }.items()
}
