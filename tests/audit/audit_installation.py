"""An installation without processes: the core's folds in this one, their rows and the landed lines in a real engine.

History --records--> UnitFold x 4 --feed--> RegionFold        all table lines --> Writer --> ClickHouse
"""

from __future__ import annotations

import json
import random
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from audit.kafka_lines import LoggedCommand, LoggedLines, Partition
from bench.direct import Landed, land_registry, land_rows
from contracts.commands import Command, encode_command
from contracts.events.partition import partition_of
from contracts.registry.entities import Kecamatan, Recipient, Region, RegionRegistry, Unit
from contracts.registry.region_rows import CalendarRow
from contracts.results.topics import (
    EVENT_TOPICS,
    REGION_FEED,
    REGISTRY_CHANGE,
    TICK,
    TOPIC_OF_KIND,
)
from contracts.time.clock import RealClock, rfc3339
from contracts.time.days import DAY_MS, iso_to_day
from sinks.batch import TableBatch
from sinks.landing import EventLines
from sinks.writer import Writer
from streams.core.alerts.command_fold import command_source
from streams.core.fold import Record
from streams.core.region_feed import CommandReceived, feed_records
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold
from tests import examples

REGION: Final = "32.11"
PARTITIONS: Final = 2
FIRST_DAY: Final = iso_to_day("2026-09-28")
START_MS: Final = FIRST_DAY * DAY_MS + 1 * 3_600_000  # 08:00 local
KITCHENS: Final = ("SPPG-3211-0001", "SPPG-3211-0002", "SPPG-3211-0003")
CLINICS: Final = ("PKM-3211-0007", "PKM-3211-0008", "RS-3273-0009")
SCHOOLS: Final = tuple(f"npsn:{number}" for number in range(20208123, 20208128))
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE


def _unit(unit_id: str, kecamatan: str, day: int = 0, status: str = "active") -> Unit:
    clinic = unit_id in CLINICS
    kind: Any = "clinic" if clinic else "sppg"
    children = 40 + int(unit_id[-1]) if clinic else 0
    where = (unit_id, kind, unit_id, kecamatan, 107.9, -6.8, 240, 960)
    return Unit(*where, 0 if clinic else 3000, None, children, status, day, True)  # type: ignore[arg-type]


def _kind_of(source_id: str) -> str:
    return "clinic" if source_id in CLINICS else "recipient" if source_id in SCHOOLS else "sppg"


def _school(
    number: int, kitchen: int, kecamatan: str, day: int = 0, status: str = "active", **groups: int
) -> Recipient:
    school = SCHOOLS[number]
    where = (school, school, "school", kecamatan, 107.9, -6.8, KITCHENS[kitchen], 600 - number)
    return Recipient(*where, groups, status, day, True)  # type: ignore[arg-type]


REGISTRY: Final = RegionRegistry(
    Region(
        REGION,
        "Sumedang",
        "Jawa Barat",
        "Asia/Jakarta",
        (1, 2, 3, 4, 5),
        (FIRST_DAY + 3, FIRST_DAY + 16),
        (
            Kecamatan("32.11.01", "Satu"),
            Kecamatan("32.11.02", "Dua"),
            Kecamatan("32.11.03", "Tiga"),
        ),
    ),
    (
        _unit(KITCHENS[0], "32.11.01"),
        _unit(KITCHENS[1], "32.11.02"),
        _unit(KITCHENS[2], "32.11.02", FIRST_DAY + 5),
        # A kitchen moves, one is suspended, a clinic closes.
        _unit(KITCHENS[1], "32.11.01", FIRST_DAY + 20),
        _unit(KITCHENS[2], "32.11.02", FIRST_DAY + 25, "suspended"),
        _unit(CLINICS[0], "32.11.01"),
        _unit(CLINICS[1], "32.11.02"),
        _unit(CLINICS[1], "32.11.02", FIRST_DAY + 30, "closed"),
        # A hospital of the next city: in no kecamatan of the region.
        _unit(CLINICS[2], ""),
    ),
    (
        _school(0, 0, "32.11.01", sd=300, guru=14),
        _school(1, 0, "32.11.02", smp=200, guru=9),
        _school(2, 1, "32.11.02", paud=30, bumil=4),
        # One changes its kitchen and kecamatan, one its numbers, one begins late.
        _school(2, 0, "32.11.01", FIRST_DAY + 12, paud=33, sd=5),
        _school(0, 0, "32.11.01", FIRST_DAY + 18, sd=310),
        _school(3, 2, "32.11.02", FIRST_DAY + 6, santri=120),
        _school(4, 1, "32.11.02", status="closed", sd=50),
    ),
    # Each scope, a group, a day of rest that is opened, and lines that outdo each other.
    (
        CalendarRow(FIRST_DAY + 1, FIRST_DAY + 4, "32.11.01", (), False, "Ujian"),
        CalendarRow(FIRST_DAY + 2, FIRST_DAY + 2, "", ("guru",), False, "Rapat"),
        CalendarRow(
            FIRST_DAY + 3, FIRST_DAY + 3, KITCHENS[0], ("sd", "smp"), True, "Ujian susulan"
        ),
        CalendarRow(FIRST_DAY + 3, FIRST_DAY + 12, SCHOOLS[0], (), False, "Renovasi"),
        CalendarRow(FIRST_DAY + 8, FIRST_DAY + 8, SCHOOLS[0], ("guru",), True, "Guru masuk"),
        CalendarRow(FIRST_DAY + 9, FIRST_DAY + 9, SCHOOLS[0], (), True, "Dibuka lagi"),
        CalendarRow(FIRST_DAY + 5, FIRST_DAY + 6, "", (), True, "Akhir pekan dilayani"),
        CalendarRow(FIRST_DAY + 16, FIRST_DAY + 16, "", (), True, "Hari libur dilayani"),
    ),
)


_OFTEN: Final = {
    "sppg": ["sppg.meal.eaten"] * 3,
    "clinic": ["clinic.growth.measured"] * 4,
    "recipient": [],
}


class History:
    """Random events of one seed, in order of arrival: (append time ms, unit, line)."""

    def __init__(self, seed: int, events: int = 500, days: int = 38) -> None:
        self.chance = random.Random(seed)
        self.sent: dict[str, list[dict[str, Any]]] = {}
        self.lines: list[tuple[int, str, bytes]] = []
        now = START_MS
        for number in range(events):
            now += self.chance.randrange(2 * days * DAY_MS // events)
            self._one(number, now, events)

    def _one(self, number: int, now: int, events: int) -> None:
        chance = self.chance
        unit = chance.choice((*KITCHENS, *KITCHENS, *CLINICS, *SCHOOLS))
        known = self.sent.setdefault(unit, [])
        dice = chance.random()
        if known and dice < 0.08:
            event = self._copy(chance.choice(known[-25:]))
        else:
            event = self._new(number, unit, now)
            if known and dice < 0.4:
                self._correct(event, number, known, events)
            known.append(event)
        if chance.random() < 0.5:
            event = event | {"receivedtime": rfc3339(now - chance.randrange(150_000))}
        self.lines.append((now, unit, json.dumps(event).encode()))

    def _new(self, number: int, unit: str, now: int) -> dict[str, Any]:
        chance = self.chance
        kind = _kind_of(unit)
        types = [name for name in examples.DATA if name.startswith(kind)]
        type_ = chance.choice(
            [
                *types,
                "unit.heartbeat",
                *_OFTEN[kind],
            ]
        )
        lag = chance.choice(
            (
                0,
                5 * _MINUTE,
                3 * _HOUR,
                chance.randrange(3 * DAY_MS),
                chance.randrange(31 * DAY_MS),
                -4 * _MINUTE,
            )
        )
        if chance.random() < 0.03:
            lag = chance.choice((31 * DAY_MS, -6 * _MINUTE))
        at = now - lag
        made = examples.event(
            type_, id=f"e{number}", source=f"/{REGION}/{kind}/{unit}", time=rfc3339(at)
        )
        if chance.random() < 0.02:
            made["source"] = f"/{REGION}/{kind}/NO-SUCH-UNIT"
        if "subject" in made:
            made["subject"] = chance.choice((*SCHOOLS, *SCHOOLS, "npsn:1"))
        self._fill_work(made["data"], at)
        self._fill_people(made["data"], at)
        self._fill_reception(made["data"], at)
        return made

    def _fill_work(self, data: dict[str, Any], at: int) -> None:
        chance = self.chance
        if "portions" in data:
            data["portions"] = chance.randint(1, 900)
        if "cooked_at" in data:
            data["cooked_at"] = rfc3339(
                at
                - chance.choice(
                    (chance.randrange(10 * _HOUR), 240 * _MINUTE, 361 * _MINUTE, 25 * _HOUR)
                )
            )
        if "eaten" in data:
            groups = chance.sample(["sd", "smp", "guru", "paud", "santri"], chance.randint(0, 3))
            data["eaten"] = {group: chance.choice((0, chance.randint(1, 300))) for group in groups}
        if "temp_c" in data and "point" in data:
            data["point"] = chance.choice(("chiller", "freezer", "hot_holding"))
            data["temp_c"] = chance.choice((0, 5, 5.1, -18, -17.9, 60, 59.5))
        if "passed" in data:
            data["passed"] = chance.random() < 0.5

    def _fill_people(self, data: dict[str, Any], at: int) -> None:
        chance = self.chance
        for name in ("child", "mother", "patient"):
            if name in data:
                data[name] = f"{chance.randrange(6):032x}"
        if "age_days" in data:
            age = chance.choice((0, 200, 730, 731, 1000, 1856))
            data |= {
                "age_days": age,
                "sex": chance.choice("mf"),
                "posture": chance.choice(("lying", "standing")),
            }
            data["height_cm"] = round(
                48 + age / 30 * chance.uniform(0.6, 1.3), chance.choice((1, 2))
            )
            data["weight_kg"] = round(data["height_cm"] / 9 * chance.uniform(0.7, 1.3), 2)
        if "hb_g_dl" in data:
            data["hb_g_dl"] = chance.choice((10, 10.9, 11, 12))
        if "onset" in data:
            data["onset"] = rfc3339(at - chance.choice((0, _HOUR, -_MINUTE)))
            data["ate_at"] = rfc3339(at - 2 * _HOUR)
            data["syndrome"] = chance.choice(("foodborne", "other"))

    def _fill_reception(self, data: dict[str, Any], at: int) -> None:
        chance = self.chance
        if "kitchen" in data:
            data["kitchen"] = chance.choice((*KITCHENS, *KITCHENS, *CLINICS, "NO-SUCH-UNIT"))
            data["senses_passed"] = chance.random() < 0.5
        if "present" in data:
            data["present"] = {
                group: chance.randint(0, 90) for group in chance.sample(["sd", "guru"], 1)
            }
            data["absent_ill"] = chance.randint(0, 9)
        if "groups" in data:
            data["groups"] = chance.choice(([], ["sd"], ["guru", "smp"], ["balita"]))
        for name in {"made_at", "since"} & data.keys():
            data[name] = rfc3339(at - chance.choice((0, _HOUR, _HOUR, -_MINUTE)))

    def _correct(
        self, event: dict[str, Any], number: int, known: list[dict[str, Any]], events: int
    ) -> None:
        chance = self.chance
        target = chance.choice(known[-chance.choice((4, 15, 60)) :])
        dice = chance.random()
        event["supersedes"] = (
            f"e{min(number + chance.randint(0, 12), events)}" if dice < 0.15 else target["id"]
        )
        if chance.random() < 0.25:
            event |= {"type": "event.retracted", "data": {"reason": "salah"}}
            event.pop("subject", None)
        elif chance.random() < 0.8 and target["type"] != "event.retracted":
            event |= {"type": target["type"], "data": json.loads(json.dumps(target["data"]))}
            event.pop("subject", None)
            if "subject" in target:
                event["subject"] = target["subject"]
            if "portions" in event["data"]:
                event["data"]["portions"] += 7
            if "eaten" in event["data"]:
                event["data"]["eaten"]["guru"] = chance.randint(0, 9)
        if chance.random() < 0.7:
            event["time"] = target["time"]
        if chance.random() < 0.4:
            event["recordedtime"] = "2026-10-15T10:00:00+07:00"

    def _copy(self, event: dict[str, Any]) -> dict[str, Any]:
        """Equal in other words, or a conflict."""
        same = dict(reversed(event.items())) | {"data": dict(reversed(event["data"].items()))}
        for name, value in same["data"].items():
            if (
                isinstance(value, int)
                and not isinstance(value, bool)
                and self.chance.random() < 0.5
            ):
                same["data"][name] = float(value)
        dice = self.chance.random()
        if dice < 0.25 and "portions" in same["data"]:
            same["data"]["portions"] += 1
        elif dice < 0.4:
            same["supersedes"] = "e1"
        return same


class Installation:
    """The folds of one installation, and the sink's way into `client`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.region = RegionFold(0, len(EVENT_TOPICS) * PARTITIONS, "epoch")
        self.folds = {
            (topic, partition): UnitFold(topic, partition, PARTITIONS, 1)
            for topic in EVENT_TOPICS
            for partition in range(PARTITIONS)
        }
        self.offsets = dict.fromkeys(self.folds, 0)
        self.logged = {Partition(*place): list[LoggedLines]() for place in self.folds}
        self.feed = 0
        self.commands: list[LoggedCommand] = []
        self._batch = TableBatch()
        self._events = EventLines(b"k" * 32, RealClock())
        self._writer = Writer(lambda: client, RealClock())

    def publish(self, registry: RegionRegistry, now: int) -> None:
        """Make the registry known to all, and to the sink."""
        value = registry.encode()
        land_registry(value, now, self._batch)
        for place in self.folds:
            self._apply(place, now, value, REGISTRY_CHANGE)

    def tick(self, now: int) -> None:
        """Time passes in every partition."""
        for place in self.folds:
            self._apply(place, now, b"", TICK)

    def send(self, now: int, unit: str, line: bytes) -> None:
        """One line into its partition."""
        topic = TOPIC_OF_KIND[_kind_of(unit)]
        self._apply((topic, partition_of(unit, PARTITIONS)), now, line, "")

    def command(self, now: int, command: Command) -> None:
        """Somebody says something of an alert: it is in stage two at once."""
        value = encode_command(command)
        self.commands.append(LoggedCommand(now, value.decode()))
        given = CommandReceived(now, value)
        source = command_source(0)
        for feed in feed_records(source, len(self.commands), 0, [given]):
            self.region.apply(Record(self.feed, now, feed))
            self.feed += 1

    def _apply(self, place: tuple[str, int], now: int, value: bytes, control: str) -> None:
        offset = self.offsets[place]
        self.offsets[place] += 1
        self.folds[place].apply(Record(offset, now, value, b"", control))
        if not control:
            self.logged[Partition(*place)].append(LoggedLines(offset, value))
            self._events.land(Landed(*place, offset, now, value), self._batch)

    def flush(self) -> None:
        """Drain both stages."""
        for place, fold in self.folds.items():
            for out in fold.drain(self.offsets[place]).out:
                if out.topic == REGION_FEED:
                    self.region.apply(Record(self.feed, 0, out.value or b""))
                    self.feed += 1
                land_rows(out, self._batch)
        for out in self.region.drain(self.feed).out:
            land_rows(out, self._batch)

    def write(self) -> None:
        """Put everything into the engine."""
        assert not self._batch.rejects
        self._writer.write(self._batch)
        self._batch = TableBatch()

    def play(self, history: History, flush_every: int = 9) -> None:
        """The whole history, a tick every two hours, to a moment after its end."""
        now = START_MS - _HOUR
        self.publish(REGISTRY, now)
        for number, (at, unit, line) in enumerate(history.lines):
            while now + 2 * _HOUR < at:
                now += 2 * _HOUR
                self.tick(now)
            now = at
            self.send(at, unit, line)
            if number % flush_every == 0:
                self.flush()
        self.tick(now + 10 * _MINUTE)
        self.flush()
        self.write()
