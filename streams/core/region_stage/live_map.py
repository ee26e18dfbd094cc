"""The live map of one region: the newest begun row of each key, as the wall gets it.

Keys and rows are the public contract's section 8. `seq` grows with each flush that changes the map; a
flush ends with a head record. The map is its own state: it is restored from the topic it is written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from contracts.results.topics import HEAD_KEY, LIVE, SEQ_HEADER
from contracts.time.instant import epoch_ms, rfc3339
from contracts.time.windows import PANE_MS, PANE_WINDOWS
from streams.core.fold import Out
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import Row

_TTL_S: Final = 1_800
_RECIPIENT_TTL_S: Final = 21_600
"""Recipients are many and change a few times a day: they are confirmed less often."""

_json = msgspec.json.Encoder().encode
_AS_OF: Final = b',"as_of":'
_NEVER_MS: Final = 0


class _Entry(msgspec.Struct):
    """`body`: the row's JSON up to its as_of; `end_ms`: window_end, 0 for rows without a window."""

    body: bytes
    window: str
    end_ms: int
    as_of_ms: int


class LiveMap:
    """One region's map. `epoch` is used unless a map is restored, which has its own."""

    def __init__(self, region: str, epoch: str) -> None:
        self._region = region
        self._epoch = epoch
        self._seq = 0
        # By time to live, oldest as_of first: what has to be confirmed next stands at the front.
        self._entries: dict[int, dict[str, _Entry]] = {_TTL_S: {}, _RECIPIENT_TTL_S: {}}
        self._changed: dict[str, int] = {}
        self._gone: set[str] = set()
        self._swept = (0, 0)

    # --- state ------------------------------------------------------------------------------------------------------

    def restore(self, key: str, value: bytes) -> None:
        """Takes one record of the topic; order by key does not matter."""
        thing: dict[str, Any] = msgspec.json.decode(value)
        if key == HEAD_KEY:
            self._epoch, self._seq = thing["epoch"], thing["seq"]
            return
        end = thing.get("window_end")
        entry = _Entry(
            value[: value.rindex(_AS_OF)],
            thing.get("window", ""),
            epoch_ms(end) if end else 0,
            epoch_ms(thing["as_of"]),
        )
        self._entries[thing["ttl_s"]][key] = entry

    def restored(self) -> None:
        """Puts entries in the order in which they have to be confirmed."""
        for ttl, entries in self._entries.items():
            self._entries[ttl] = dict(sorted(entries.items(), key=lambda item: item[1].as_of_ms))

    def last_received(self) -> Iterator[tuple[str, int]]:
        """(unit, receivedtime ms) of the freshness rows, to go on from."""
        for key, entry in self._entries[_TTL_S].items():
            if entry.body.startswith(b'{"topic":"freshness"'):
                yield key, epoch_ms(msgspec.json.decode(entry.body + b"}")["last_received"])

    # --- changes ----------------------------------------------------------------------------------------------------

    def put(self, row: Row) -> None:
        """A row of a newest begun window: replaces an older one of its key."""
        parts = (row.view, row.level, row.area, *([row.group] if row.group else []), row.window)
        key = "/".join(parts)
        head = b'{"topic":' + _json(row.view) + b',"key":' + _json(key) + b","
        self._set(key, head + row.line[1:-1] + b',"is_final":0', row.window, row.end_ms, row.level)

    def put_freshness(self, unit: str, kind: str, received_ms: int, kecamatan: str) -> None:
        """When a unit was last heard."""
        row = {
            "topic": "freshness",
            "key": unit,
            "region": self._region,
            "level": "unit",
            "area_id": unit,
            "unit_kind": kind,
            "kecamatan": kecamatan,
            "last_received": rfc3339(received_ms),
        }
        self._set(unit, _json(row)[:-1], "", 0, "unit")

    def _set(self, key: str, body: bytes, window: str, end_ms: int, level: str) -> None:
        ttl = _RECIPIENT_TTL_S if level == "recipient" else _TTL_S
        held = self._entries[ttl].get(key)
        if held is not None and held.end_ms > end_ms:
            return
        self._entries[ttl][key] = _Entry(body, window, end_ms, 0)
        self._changed[key] = ttl
        self._gone.discard(key)

    def sweep(self, progress: Progress, end_of_day_ms: int) -> None:
        """Drops rows whose window is no longer the newest begun one: nothing came in its place."""
        least = ((progress.pane + 1) * PANE_MS, end_of_day_ms)
        # What stood at the last sweep is over only if time has moved since.
        moved, self._swept = least != self._swept, least
        for ttl, entries in self._entries.items():
            looked_at = (
                list(entries)
                if moved
                else [key for key, its in self._changed.items() if its == ttl]
            )
            for key in looked_at:
                if _is_over(entries[key], *least):
                    del entries[key]
                    self._changed.pop(key, None)
                    self._gone.add(key)

    # --- frames -----------------------------------------------------------------------------------------------------

    def frame(self, as_of_ms: int, partition: int) -> list[Out]:
        """The records of one flush: changed rows, rows that must be confirmed, tombstones, and the head."""
        for ttl, entries in self._entries.items():
            for key, entry in entries.items():
                if entry.as_of_ms > as_of_ms - ttl * 500:
                    break
                self._changed.setdefault(key, ttl)
        if self._changed or self._gone:
            self._seq += 1
        seq = ((SEQ_HEADER, str(self._seq).encode()),)
        as_of = rfc3339(as_of_ms)
        out = [
            self._record(key, self._value(key, ttl, as_of_ms, as_of), partition, seq)
            for key, ttl in self._changed.items()
        ]
        out += [self._record(key, None, partition, seq) for key in self._gone]
        head = {"epoch": self._epoch, "seq": self._seq, "as_of": as_of, "now": as_of}
        out.append(self._record(HEAD_KEY, _json(head), partition, seq))
        self._changed.clear()
        self._gone.clear()
        return out

    def parked(self, partition: int) -> list[Out]:
        """The records of a flush while it is not known up to when rows are true: changed rows, and no head.

        Without a head nobody shows them, but a fold that is built anew has them. The first frame confirms them.
        """
        seq = ((SEQ_HEADER, str(self._seq).encode()),)
        as_of = rfc3339(_NEVER_MS)
        out = [
            self._record(key, self._value(key, ttl, _NEVER_MS, as_of), partition, seq)
            for key, ttl in self._changed.items()
        ]
        self._changed.clear()
        return out

    def _value(self, key: str, ttl: int, as_of_ms: int, as_of: str) -> bytes:
        entry = self._entries[ttl].pop(key)
        entry.as_of_ms = as_of_ms
        self._entries[ttl][key] = entry
        return entry.body + _AS_OF + _json(as_of) + b',"ttl_s":' + str(ttl).encode() + b"}"

    def _record(
        self, key: str, value: bytes | None, partition: int, headers: tuple[tuple[str, bytes], ...]
    ) -> Out:
        return Out(LIVE, partition, value, f"{self._region}|{key}".encode(), headers)


def _is_over(entry: _Entry, newest_pane_ms: int, end_of_day_ms: int) -> bool:
    if not entry.end_ms:
        return False
    return entry.end_ms < (newest_pane_ms if entry.window in PANE_WINDOWS else end_of_day_ms)
