"""A day of the small region with the clock driven by hand: events in, alerts out, through the folds of both stages.

day = AlertDay()
day.post("09:30", "sppg.delivery.received", portions=300)
day.pass_to("10:40")
day.told("shortfall")      -> [("raised", "09:58"), ...]
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from contracts.commands import Command, encode_command
from contracts.registry.entities import RegionRegistry
from contracts.results.topics import CLINIC_EVENTS, COMMAND, RECIPIENT_EVENTS, SPPG_EVENTS
from contracts.time.days import Zone, iso_to_day
from contracts.time.instant import epoch_ms, rfc3339
from contracts.time.windows import GRACE_MS
from streams.core.alerts.alert_stage import AT_MOST
from streams.core.alerts.command_fold import CommandFold
from streams.core.fold import Record
from tests.examples import event
from tests.registry_small import SMALL
from tests.streams.plant import Plant

ZONE: Final = Zone("Asia/Jakarta")
TUESDAY: Final = iso_to_day("2026-11-24")
_TOPICS: Final = {"sppg": SPPG_EVENTS, "clinic": CLINIC_EVENTS, "recipient": RECIPIENT_EVENTS}


class AlertDay:
    """`begins`: when the region is first known; `at_most`: see `AlertStage`.

    Times are HH:MM of Tuesday, 24 November 2026; `+1 HH:MM` of the day after."""

    def __init__(
        self, begins: str = "03:00", registry: RegionRegistry = SMALL, at_most: int = AT_MOST
    ) -> None:
        self.plant = Plant(1, at_most)
        self._numbers = 0
        self._commands: list[Record] = []
        self.plant.registries(at(begins), [registry])
        self.work()

    def post(self, when: str, type_: str, /, received: str = "", **overrides: Any) -> str:
        """An event of `when`, received then unless said otherwise; its id. What is no attribute is a field of `data`."""
        self._numbers += 1
        identity = overrides.pop("id", f"e{self._numbers}")
        attributes = {
            name: overrides.pop(name)
            for name in ("source", "subject", "supersedes", "recordedtime")
            if name in overrides
        }
        made = event(type_, id=identity, time=rfc3339(at(when)), data=overrides, **attributes)
        kind = made["source"].split("/")[2]
        arrived = at(received or when)
        self.plant.append((_TOPICS[kind], 0), arrived, json.dumps(made).encode())
        return str(identity)

    def alive(self, unit: str, since: str, until: str, kind: str = "sppg") -> None:
        """A heartbeat every ten minutes."""
        for moment in range(at(since), at(until) + 1, 600_000):
            source = f"/32.11/{kind}/{unit}"
            self._numbers += 1
            made = event(
                "unit.heartbeat", id=f"h{self._numbers}", source=source, time=rfc3339(moment)
            )
            self.plant.append((_TOPICS[kind], 0), moment, json.dumps(made).encode())

    def sort(self) -> None:
        """Puts what was appended and not applied yet in the order of arrival."""
        for log in self.plant.logs.values():
            rest = sorted(log.records[log.applied :], key=lambda one: one.time_ms)
            log.records[log.applied :] = [
                one._replace(offset=log.applied + number) for number, one in enumerate(rest)
            ]

    def pass_to(self, until: str) -> None:
        """Everything received before `until` is in."""
        self.sort()
        self.plant.tick(at(until) + GRACE_MS + 1)
        self.work()

    def work(self) -> None:
        self.plant.finish()

    def crash(self) -> None:
        """Another worker takes all partitions over."""
        for place in self.plant.places:
            self.plant.crash(place)
        self.plant.crash_region()

    def command(self, when: str, command: Command) -> None:
        """Somebody says something of an alert."""
        give_command(self.plant, when, command)

    # --- answers

    def history(self, kind: str, about: str = "") -> list[dict[str, Any]]:
        """Rows of `alert_changes` of a kind, in order; `about`: of this unit or subject."""
        rows = [row for row in self.plant.tables["alert_changes"] if row["kind"] == kind]
        assert [row["revision"] for row in rows] == sorted({row["revision"] for row in rows})
        rows = [row for row in rows if not about or about in (row["unit_id"], row["subject"])]
        return [row | {"evidence": msgspec.json.decode(row["evidence"])} for row in rows]

    def told(self, kind: str, about: str = "") -> list[tuple[str, str]]:
        """State (or resolution) and HH:MM of each change of a kind."""
        return [
            (row["resolution"] or row["state"], hhmm(row["updated_at"]))
            for row in self.history(kind, about)
        ]

    def on_wall(self, kind: str) -> list[dict[str, Any]]:
        """Rows of the live map of a kind."""
        return [
            row
            for row in self.plant.live.values()
            if row["topic"] == "alerts" and row["kind"] == kind
        ]


def give_command(plant: Plant, when: str, command: Command) -> None:
    """Stage two reads a command, and flushes."""
    fold = CommandFold(0)
    fold.apply(Record(0, at(when), encode_command(command), b"", COMMAND))
    for out in fold.drain(1).out:
        assert out.value is not None
        plant.feed.records.append(Record(len(plant.feed.records), 0, out.value))
    plant.step_region()
    plant.flush_region()


def at(text: str) -> int:
    """`10:05` or `+1 10:05` as epoch ms."""
    days, _, time = text.rpartition(" ")
    hours, minutes = time.split(":")
    day = TUESDAY + int(days or 0)
    return ZONE.day_start_ms(day) + (int(hours) * 60 + int(minutes)) * 60_000


def hhmm(rfc: str) -> str:
    """An RFC 3339 time in UTC as local HH:MM."""
    minutes = ZONE.minute_of_day(epoch_ms(rfc))
    return f"{minutes // 60:02}:{minutes % 60:02}"
