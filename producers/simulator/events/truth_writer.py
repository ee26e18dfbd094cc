"""Writes the files of `truth`, before a device sends and when ingest has accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec

from chassis.datadir import DataDir
from producers.simulator.events.event_lines import HEARTBEAT, DeviceEvent, day_of
from producers.simulator.events.truth import Acknowledged, Key, read

_OPEN_FILES: Final = 8


class Truth:
    """Writes the files of a data dir, and knows what they hold of the days it was asked about. One process at a time."""

    def __init__(self, home: DataDir) -> None:
        self._folder = home.path / "truth"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, IO[bytes]] = {}
        self._known: dict[str, tuple[set[Key], set[Key]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def path(self, day: str) -> Path:
        """File of a local day (ISO)."""
        return self._folder / f"{day}.jsonl"

    def note(self, unit_id: str, events: Iterable[DeviceEvent]) -> None:
        """What a unit says, unless it is noted already."""
        lines: dict[str, list[bytes]] = {}
        for one in events:
            if one.rank != HEARTBEAT:
                day = day_of(one.id)
                noted, _ = self._of(day)
                if (unit_id, one.id) not in noted:
                    noted.add((unit_id, one.id))
                    lines.setdefault(day, []).append(one.line)
        for day, some in lines.items():
            self._append(day, some)

    def has_arrived(self, unit_id: str, one: DeviceEvent) -> bool:
        """True if ingest has accepted it."""
        return (unit_id, one.id) in self._of(day_of(one.id))[1]

    def acknowledge(
        self, unit_id: str, events: Sequence[DeviceEvent], posted_ms: int, acknowledged_ms: int
    ) -> None:
        """Ingest has accepted these."""
        ids: dict[str, list[str]] = {}
        for one in events:
            if one.rank != HEARTBEAT and not self.has_arrived(unit_id, one):
                ids.setdefault(day_of(one.id), []).append(one.id)
        for day, some in ids.items():
            self._of(day)[1].update((unit_id, id_) for id_ in some)
            ack = Acknowledged(unit_id, tuple(some), posted_ms, acknowledged_ms)
            self._append(day, [msgspec.json.encode(ack)])

    def forget_before(self, day: str) -> None:
        """Let go of what is known of the days before `day` (ISO): nothing of them is sent any more."""
        for old in [one for one in self._known if one < day]:
            del self._known[old]
        for old in [one for one in self._files if one < day]:
            self._files.pop(old).close()

    def _of(self, day: str) -> tuple[set[Key], set[Key]]:
        known = self._known.get(day)
        if known is None:
            record = read(self.path(day))
            known = self._known[day] = (set(record.events), set(record.arrived))
        return known

    def _append(self, day: str, lines: Sequence[bytes]) -> None:
        file = self._files.get(day)
        if file is None:
            if len(self._files) >= _OPEN_FILES:
                self._files.pop(min(self._files)).close()
            file = self._files[day] = self.path(day).open("ab")
            if file.tell():
                # Behind whatever a kill has left half written.
                file.write(b"\n")
        file.write(b"\n".join(lines) + b"\n")
        file.flush()
