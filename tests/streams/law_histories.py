"""Random histories of the small world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from contracts.events.partition import partition_of
from contracts.time.instant import rfc3339
from tests.streams.law_world import (
    ABROAD,
    GROUPS_OF,
    HOME,
    KITCHENS,
    LENGTH_DAYS,
    OF_KITCHEN,
    RECIPIENTS,
    SOURCES,
    TYPES_OF,
    LawWorld,
)
from tests.streams.model_words import DAY, MINUTE, PANE, Arrival, ms
from tests.streams.survey import children


@dataclass
class LawHistory:
    """What arrives: (append time, topic, partition of the unit at `partitions`, raw line), in order of time."""

    world: LawWorld
    lines: list[tuple[int, str, str, bytes]] = field(default_factory=list)
    """append ms, topic, unit id that decides the partition, line"""
    end_ms: int = 0

    def partitioned(self, partitions: int) -> list[tuple[int, str, int, bytes]]:
        return [
            (at, topic, partition_of(unit, partitions), raw) for at, topic, unit, raw in self.lines
        ]


@dataclass
class Maker:
    """Makes one history from `chance`."""

    chance: Random
    world: LawWorld
    events: int
    days: int = LENGTH_DAYS

    def __post_init__(self) -> None:
        self._number = 0
        self._sent: dict[str, list[dict[str, Any]]] = {}
        self._promised: dict[str, list[dict[str, Any]]] = {}

    def make(self) -> LawHistory:
        history = LawHistory(self.world)
        start = self.world.start_ms + 3 * MINUTE
        span = self.days * DAY
        instants = sorted(start + self._moment(span) for _ in range(self.events))
        for at in instants:
            for topic, unit, raw in self._lines(at):
                history.lines.append((at, topic, unit, raw))
        history.end_ms = max([start + self.chance.randrange(span), *instants]) + self.chance.choice(
            (0, 4 * MINUTE, 40 * MINUTE, DAY)
        )
        return history

    def _moment(self, span: int) -> int:
        """Often in the same hour of some days, so that windows fill, else anywhere."""
        if self.chance.random() < 0.6:
            day = self.chance.choice((0, 1, self.days // 2, self.days - 2)) * DAY
            return min(span - 1, day + self.chance.randrange(20 * 3_600_000, 21 * 3_600_000))
        return self.chance.randrange(span)

    def _lines(self, at: int) -> Iterator[tuple[str, str, bytes]]:
        chance = self.chance
        region = HOME if chance.random() < 0.8 else ABROAD
        kind = chance.choice(("sppg", "sppg", "sppg", "clinic", "recipient"))
        unit = chance.choice(SOURCES[kind][region])
        draw = chance.random()
        if draw < 0.06:
            yield self._bad(at, region, kind, unit)
            return
        sent = self._sent.setdefault(unit, [])
        if draw < 0.14 and sent:
            body = self._copy(at, chance.choice(sent))
        elif draw < 0.17:
            for body in self._ring(at, region, kind, unit):
                yield self._line(at, body)
            return
        elif draw < 0.45 and (sent or self._promised.get(unit)):
            body = self._correction(at, region, kind, unit)
            if chance.random() < 0.35:
                # A rival that was said at the same moment: only the id decides.
                data = self._data(body["type"], ms(body["time"]), body.get("subject", ""))
                yield self._line(at, body | {"id": self._id(), "data": data})
        else:
            body = self._event(at, region, kind, unit)
            if chance.random() < 0.12:
                # Said later, so that its corrections come first.
                self._promised.setdefault(unit, []).append(body)
                body = self._correct(at, body)
        yield self._line(at, body)
        if self._promised.get(unit) and chance.random() < 0.3:
            promised = self._promised[unit].pop()
            yield self._line(at, promised)

    def _line(self, at: int, body: dict[str, Any]) -> tuple[str, str, bytes]:
        _, _, kind, unit = body["source"].split("/")
        self._sent.setdefault(unit, []).append(body)
        body = dict(body)
        body.pop("receivedtime", None)
        if self.chance.random() < 0.5:
            # Within the two minutes that are honoured, or not.
            before = self.chance.choice((0, 500, 90_000, 120_000, 120_001, 3_600_000))
            body["receivedtime"] = rfc3339(at - before)
        return f"{kind}.events", unit, json.dumps(body).encode()

    # --- kinds of lines

    def _id(self) -> str:
        self._number += 1
        return f"{self.chance.choice('abcz')}{self._number}"

    def _time(self, at: int) -> int:
        chance = self.chance
        draw = chance.random()
        if draw < 0.55:
            return at - chance.randrange(0, 90 * MINUTE)
        if draw < 0.62:
            return at + chance.choice((0, 1, 5 * MINUTE, 5 * MINUTE + 1, 2 * MINUTE))
        if draw < 0.72:
            edge = chance.choice((30 * DAY, 30 * DAY + 1, 30 * DAY - 2 * MINUTE, 29 * DAY))
            return at - edge
        if draw < 0.8:
            # Around a midnight of either region, around a pane's edge.
            midnight = (at - chance.randrange(10) * DAY) // DAY * DAY - 7 * 3_600_000
            hours = chance.choice((0, 4, 5)) * 3_600_000
            return midnight + hours + chance.choice((-1, 0, 1, PANE - 1, -PANE))
        return at - chance.randrange(0, 29 * DAY)

    def _event(self, at: int, region: str, kind: str, unit: str, type_: str = "") -> dict[str, Any]:
        time = self._time(at)
        type_ = type_ or self.chance.choice(
            TYPES_OF[kind] if self.chance.random() < 0.95 else ("unit.heartbeat",)
        )
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": self._id(),
            "source": f"/{region}/{kind}/{unit}",
            "type": type_,
            "time": rfc3339(time),
            "data": {},
        }
        if type_ in ("sppg.delivery.received", "sppg.meal.eaten"):
            body["subject"] = self.chance.choice(
                OF_KITCHEN[unit] if self.chance.random() < 0.9 else RECIPIENTS[region]
            )
        body["data"] = self._data(type_, time, body.get("subject", ""))
        if self.chance.random() < 0.2:
            body["recordedtime"] = rfc3339(at + self.chance.choice((-DAY, -1, 0, 0, 1, DAY)))
        return body

    def _data(self, type_: str, time: int, subject: str) -> dict[str, Any]:
        match type_:
            case "unit.heartbeat":
                return {"outbox": 0, "version": "1"}
            case "event.retracted":
                return {"reason": "salah"}
        if type_.startswith("recipient."):
            return self._recipient_data(type_, time)
        if type_.startswith("clinic."):
            return self._clinic_data(type_, time)
        return self._kitchen_data(type_, time, subject)

    def _kitchen_data(self, type_: str, time: int, subject: str) -> dict[str, Any]:
        chance = self.chance
        small = chance.randrange
        match type_:
            case "sppg.cooking.finished":
                return {"batch": "b", "portions": small(1, 900), "core_temp_c": 70}
            case "sppg.dispatch.departed":
                return {"trip": "t", "batches": ["b"], "portions": small(1, 900)}
            case "sppg.delivery.received":
                return self._delivery(time)
            case "sppg.meal.eaten":
                return {"eaten": self._people(subject), "leftover_g": small(0, 5000)}
            case "sppg.temperature.measured":
                point = chance.choice(("chiller", "freezer", "hot_holding"))
                return {"point": point, "temp_c": chance.choice((0, 5, 5.1, -0.1, -18, -17.9, 60, 59.9))}  # fmt: skip
            case "sppg.food.tested":
                return {"batch": "b", "test": "nitrite", "passed": chance.random() < 0.6}
            case "sppg.incident.reported":
                return {"kind": "other", "severity": small(1, 4), "note": ""}
            case "sppg.ingredient.received":
                return {"item": "telur", "lot": "l", "supplier": "s", "ready_to_eat": True}
        raise ValueError(type_)

    def _delivery(self, time: int) -> dict[str, Any]:
        chance = self.chance
        small = chance.randrange
        minutes = chance.choice((0, 30, 90, 239, 240, 241, 360, 361, 24 * 60, small(0, 500)))
        cooked = time - minutes * MINUTE - small(0, 60) * 1000 * (minutes < 1440)
        made: dict[str, Any] = {"trip": "t", "batch": "b", "portions": small(0, 200), "temp_c": 61.5}  # fmt: skip
        package = chance.choice(("", "", "fresh", "dry", "bundle"))
        if package:
            made["package"] = package
        if package in ("", "fresh") or chance.random() < 0.5:
            made["cooked_at"] = rfc3339(cooked)
        return made

    def _people(self, recipient: str) -> dict[str, int]:
        chance = self.chance
        groups = GROUPS_OF[recipient] if chance.random() < 0.9 else ("sd", "sma", "balita")
        return {
            g: chance.choice((0, 1, chance.randrange(0, 90)))
            for g in groups
            if chance.random() < 0.8
        }

    def _recipient_data(self, type_: str, time: int) -> dict[str, Any]:
        chance = self.chance
        small = chance.randrange
        people = self._people(chance.choice(RECIPIENTS[HOME]))
        match type_:
            case "recipient.delivery.checked":
                kitchens = KITCHENS[HOME] if chance.random() < 0.8 else (*KITCHENS[ABROAD], "C1")
                return {
                    "kitchen": chance.choice(kitchens),
                    "portions": small(0, 200),
                    "refused": chance.choice((0, 0, 5)),
                    "reasons": [],
                    "senses_passed": chance.random() < 0.8,
                }
            case "recipient.meal.eaten":
                return {"eaten": people, "leftover_g": small(0, 5000)}
            case "recipient.attendance.reported":
                return {"present": people, "absent_ill": small(0, 9)}
            case "recipient.service.declined":
                groups = chance.choice(([], ["sd"], ["sd", "guru"], ["santri"]))
                return {"groups": groups, "reason": "exam"}
            case "recipient.illness.noticed":
                return {"ill": small(1, 9), "since": rfc3339(time), "symptoms": []}
        raise ValueError(type_)

    def _clinic_data(self, type_: str, time: int) -> dict[str, Any]:
        chance = self.chance
        small = chance.randrange
        match type_:
            case "clinic.growth.measured":
                one = chance.choice(children())
                return {
                    "child": f"{small(0, 5):032x}",
                    "sex": one.sex,
                    "age_days": one.age_days,
                    "weight_kg": one.weight_kg,
                    "height_cm": one.height_cm,
                    "posture": one.posture,
                }
            case "clinic.immunization.given":
                return {"child": f"{small(0, 6):032x}", "antigen": "MR", "dose": small(1, 4)}
            case "clinic.antenatal.visited":
                visit = {"mother": f"{small(0, 5):032x}", "visit": small(1, 7)}
                hb = chance.choice((None, 10.9, 11, 11.5, 8))
                return visit if hb is None else visit | {"hb_g_dl": hb}
            case "clinic.case.reported":
                return {
                    "patient": "0" * 32,
                    "age_years": 9,
                    "sex": "m",
                    "syndrome": chance.choice(("foodborne", "diarrhoea")),
                    "symptoms": [],
                    "onset": rfc3339(time),
                    "outcome": "outpatient",
                }
            case "clinic.cases.counted":
                syndrome = chance.choice(("foodborne", "other"))
                return {"syndrome": syndrome, "cases": small(1, 50), "inpatients": 0, "since": rfc3339(time)}  # fmt: skip
        raise ValueError(type_)

    def _copy(self, at: int, of: dict[str, Any]) -> dict[str, Any]:
        """Equal, equal but for how it is written, or not equal."""
        body = json.loads(json.dumps(of))
        draw = self.chance.random()
        if draw < 0.4:
            body["recordedtime"] = rfc3339(at)
        elif draw < 0.6:
            body["data"] = self._data(body["type"], at - MINUTE, body.get("subject", ""))
        elif draw < 0.75:
            body["time"] = rfc3339(self._time(at))
        return dict(body)

    def _correct(self, at: int, target: dict[str, Any]) -> dict[str, Any]:
        chance = self.chance
        _, region, kind, unit = target["source"].split("/")
        draw = chance.random()
        type_ = target["type"]
        if draw < 0.2:
            type_ = "event.retracted"
        elif draw < 0.32:
            type_ = chance.choice((*TYPES_OF[kind], "unit.heartbeat"))
        body = self._event(at, region, kind, unit, type_)
        body["supersedes"] = target["id"]
        if type_ == target["type"] and chance.random() < 0.6:
            body["time"] = target["time"]
            body["data"] = self._data(type_, ms(target["time"]), body.get("subject", ""))
            if "subject" in target and chance.random() < 0.7:
                body["subject"] = target["subject"]
        return body

    def _correction(self, at: int, region: str, kind: str, unit: str) -> dict[str, Any]:
        del region, kind
        known = [*self._sent[unit][-12:], *self._promised.get(unit, ())]
        body = self._correct(
            at, self.chance.choice(known if self.chance.random() < 0.8 else self._sent[unit])
        )
        if self.chance.random() < 0.05:
            body["id"] = self.chance.choice(self._sent[unit])["id"]
        return body

    def _ring(self, at: int, region: str, kind: str, unit: str) -> list[dict[str, Any]]:
        ring = [
            self._event(at, region, kind, unit, TYPES_OF[kind][0])
            for _ in range(self.chance.choice((2, 3)))
        ]
        for one, following in zip(ring, [*ring[1:], ring[0]], strict=True):
            one["supersedes"] = following["id"]
        outside = [
            self._correct(at, self.chance.choice(ring)) for _ in range(self.chance.choice((0, 1)))
        ]
        bodies = ring + outside
        self.chance.shuffle(bodies)
        return bodies

    def _bad(self, at: int, region: str, kind: str, unit: str) -> tuple[str, str, bytes]:
        chance = self.chance
        body = self._event(at, region, kind, unit)
        body["time"] = rfc3339(at - MINUTE)
        topic, decides = f"{kind}.events", unit
        other = ABROAD if region == HOME else HOME
        match chance.randrange(9):
            case 0:
                return topic, decides, chance.choice((b"{", b"[1]", b'"x"', b"\xff"))
            case 1:
                body["type"] = "sppg.unknown"
            case 2:
                del body["data"]
            case 3:
                body["data"]["surprise"] = 1
            case 4:
                body["source"] = f"/{other}/{kind}/{unit}"
            case 5:
                body["supersedes"] = body["id"]
            case 6:
                topic = "clinic.events" if kind == "sppg" else "sppg.events"
            case 7:
                body |= {"type": "sppg.cooking.finished", "data": self._data("sppg.cooking.finished", at, "")}  # fmt: skip
                body["data"]["portions"] = 100_001
                body.pop("subject", None)
            case 8:
                body |= {"type": "sppg.meal.eaten", "subject": RECIPIENTS[other][0], "data": {"eaten": {}, "leftover_g": 0}}  # fmt: skip
        return topic, decides, json.dumps(body).encode()


def arrivals(records: list[tuple[str, int, int, int, bytes]]) -> Iterator[Arrival]:
    """Lines of records (topic, partition, offset, append ms, value)."""
    for topic, partition, offset, at, value in records:
        for line, raw in enumerate(value.split(b"\n")):
            yield Arrival(topic, partition, offset, line, at, raw)
