"""What devices say: events as lines of JSON, with ids that a fact keeps whenever it is made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from contracts.registry.entities import day_to_iso
from producers.simulator.world import World

HEARTBEAT: Final = 0
ROUTINE: Final = 1
URGENT: Final = 2
MEAL: Final = 3

_encode: Final = msgspec.json.encode


class DeviceEvent(NamedTuple):
    """One event as a device holds it.

    `made_ms`: when the device got it, region's clock; `rank`: HEARTBEAT (worthless when old), ROUTINE (goes with the
    next post), URGENT and MEAL (go at once); `line`: JSON without newline and `receivedtime`.
    """

    made_ms: int
    rank: int
    id: str
    line: bytes


def day_of(id_: str) -> str:
    """The local day (ISO) that an id of the simulator is filed under: that of the event's time."""
    return id_.split("-", 1)[1][:10]


class Pen:
    """Writes the events of one unit and day, in `events`."""

    def __init__(self, world: World, kind: str, unit_id: str, day: int) -> None:
        self.world = world
        self.events: list[DeviceEvent] = []
        self._prefix = f"sim{world.seed}-{day_to_iso(day)}-"
        self._source = f"/{world.region}/{kind}/{unit_id}"

    def write(
        self,
        what: str,
        type_: str,
        time_ms: int,
        data: Mapping[str, object],
        rank: int = URGENT,
        subject: str | None = None,
    ) -> str:
        """An event of `type_`; `what` makes its id, which is returned."""
        return self._add(what, type_, time_ms, _encode(data).decode(), rank, subject, "", time_ms)

    def write_json(self, what: str, type_: str, time_ms: int, data: str, rank: int) -> None:
        """As `write`, for what comes by the thousand: `data` is JSON already."""
        self._add(what, type_, time_ms, data, rank, None, "", time_ms)

    def correct(
        self,
        id_: str,
        type_: str,
        time_ms: int,
        data: Mapping[str, object],
        made_ms: int,
        rank: int = URGENT,
        subject: str | None = None,
    ) -> None:
        """What the event `id_` should have stated, given at `made_ms`."""
        more = f',"supersedes":"{id_}","recordedtime":"{self.world.text(made_ms)}"'
        what = f"{id_.removeprefix(self._prefix)}-fix"
        self._add(what, type_, time_ms, _encode(data).decode(), rank, subject, more, made_ms)

    def retract(self, id_: str, reason: str, made_ms: int) -> None:
        """Take the event `id_` back at `made_ms`."""
        data = _encode({"reason": reason}).decode()
        what = f"{id_.removeprefix(self._prefix)}-undo"
        more = f',"supersedes":"{id_}"'
        self._add(what, "event.retracted", made_ms, data, URGENT, None, more, made_ms)

    def heartbeats(self, beats: list[int], version: str) -> None:
        """The device is alive at each of `beats`."""
        charge = 100 - len(version) % 7
        for beat in beats:
            data = f'{{"outbox":0,"version":"{version}","battery_pct":{charge - beat // 3_600_000 % 9}}}'
            self.write_json(f"hb-{beat // 1000}", "unit.heartbeat", beat, data, HEARTBEAT)

    def _add(
        self,
        what: str,
        type_: str,
        time_ms: int,
        data: str,
        rank: int,
        subject: str | None,
        more: str,
        made_ms: int,
    ) -> str:
        id_ = self._prefix + what
        about = "" if subject is None else f',"subject":"{subject}"'
        line = (
            f'{{"specversion":"1.0","id":"{id_}","source":"{self._source}","type":"{type_}",'
            f'"time":"{self.world.text(time_ms)}"{about}{more},"data":{data}}}'
        )
        self.events.append(DeviceEvent(made_ms, rank, id_, line.encode()))
        return id_
