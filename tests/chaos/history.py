"""What a random device says: events of the last 29 days and today, copies, conflicts, corrections in any order, and what is refused.

Kitchens, clinics and recipients speak, in a region whose calendar leaves some out on days of the last month.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from chassis.regions.region_folder import load_region
from contracts.events.partition import partition_of
from contracts.registry.entities import Recipient, Unit
from contracts.time.clock import rfc3339
from contracts.time.days import day_to_iso
from contracts.time.windows import GROUPS
from pantau.installation import ROOT
from tests.e2e.installation import REGION
from tests.streams.survey import children

MINUTE: Final = 60_000
DAY: Final = 86_400_000
PANE: Final = 5 * MINUTE
PARTITIONS: Final = 2
"""Of the event topics, as `pantau up` makes them."""
_DAYS_BACK: Final = 29
_CALENDAR_LINES: Final = 120
_COPIES: Final = 0.08
_CONFLICTS: Final = 0.03
_CORRECTIONS: Final = 0.25
_REFUSED: Final = 0.05
_PROMISED: Final = 0.1

_TYPES: Final = {
    "sppg": (
        "sppg.cooking.finished", "sppg.dispatch.departed", "sppg.delivery.received", "sppg.delivery.received",
        "sppg.meal.eaten", "sppg.meal.eaten", "sppg.temperature.measured", "sppg.food.tested",
        "sppg.incident.reported", "sppg.ingredient.received", "unit.heartbeat",
    ),
    "clinic": (
        "clinic.growth.measured", "clinic.growth.measured", "clinic.immunization.given",
        "clinic.antenatal.visited", "clinic.case.reported", "clinic.cases.counted", "unit.heartbeat",
    ),
    "recipient": (
        "recipient.delivery.checked", "recipient.delivery.checked", "recipient.meal.eaten",
        "recipient.attendance.reported", "recipient.attendance.reported", "recipient.service.declined",
        "recipient.illness.noticed", "unit.heartbeat",
    ),
}  # fmt: skip

_NAMES_A_TIME: Final = {
    "sppg.delivery.received", "sppg.ingredient.received", "clinic.case.reported", "clinic.cases.counted",
    "recipient.illness.noticed",
}  # fmt: skip
"""What happened at another time may not hold what is in the data."""

Body = dict[str, Any]
Identity = tuple[str, str]


@dataclass
class Ledger:
    """What must be stored. `events`: (unit, id) of each accepted event; `letters`: (unit, code) of what goes to the dead letters."""

    events: set[Identity] = field(default_factory=set)
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: int = 0


@dataclass(frozen=True)
class Line:
    """`code`: why ingest must refuse it, or empty; `letter`: why the fold makes it a dead letter though ingest takes it."""

    raw: bytes
    id: str = ""
    code: str = ""
    letter: str = ""


@dataclass(frozen=True)
class Source:
    """Who posts: a unit, with the recipients that it may name, or a recipient, with itself."""

    kind: str
    id: str
    recipients: tuple[Recipient, ...]


def write_region(folder: Path, chance: Random, today: int) -> None:
    """The region with more lines in its calendar: of any scope, about days of the last month and about today."""
    shutil.copytree(ROOT / "regions" / REGION, folder)
    registry = load_region(folder)
    scopes = [one.recipient_id for one in registry.recipients]
    scopes += [one.unit_id for one in registry.units if one.kind == "sppg"]
    scopes += [one.code for one in registry.region.kecamatan] * 10
    with (folder / "calendar.csv").open("a", encoding="utf-8") as file:
        for number in range(_CALENDAR_LINES):
            first = today - chance.randrange(_DAYS_BACK + 1)
            days = (day_to_iso(first), day_to_iso(first + chance.randrange(4)))
            scope = "" if chance.random() < 0.03 else chance.choice(scopes)
            groups = " ".join(chance.sample(GROUPS, chance.choice((0, 0, 1, 2, 4))))
            file.write(f"{','.join(days)},{scope},{groups},{chance.randrange(2)},baris {number}\n")


def sources(folder: Path, chance: Random, kitchens: int, clinics: int) -> list[Source]:
    """Some units of the region, neighbours among them, on both partitions, and two recipients of each kitchen."""
    registry = load_region(folder)
    active = [unit for unit in registry.units if unit.status == "active"]
    fed: dict[str, tuple[Recipient, ...]] = {}
    for recipient in registry.recipients:
        fed[recipient.unit_id] = (*fed.get(recipient.unit_id, ()), recipient)
    able = [unit for unit in active if unit.kind == "sppg" and unit.unit_id in fed]
    seen = [unit for unit in active if unit.kind == "clinic"]
    chosen = _some(chance, able, kitchens)
    return [
        *(Source("sppg", unit.unit_id, fed[unit.unit_id]) for unit in chosen),
        *(Source("clinic", unit.unit_id, ()) for unit in _some(chance, seen, clinics)),
        *(
            Source("recipient", one.recipient_id, (one,))
            for unit in chosen
            for one in chance.sample(fed[unit.unit_id], 2)
        ),
    ]


def _some(chance: Random, units: list[Unit], count: int) -> list[Unit]:
    while True:
        start = chance.randrange(len(units) - count)
        near = units[start : start + count // 2]
        some = near + chance.sample([unit for unit in units if unit not in near], count - len(near))
        if len({partition_of(unit.unit_id, PARTITIONS) for unit in some}) == PARTITIONS:
            return some


class Device:
    """Makes the batches of one source, in the order in which they are posted."""

    def __init__(self, source: Source, seed: str) -> None:
        self.source = source
        self._recipients = source.recipients
        self._chance = Random(seed)
        self._number = 0
        self._sent: list[Body] = []
        self._promised: list[Body] = []

    def batch(self, now_ms: int) -> list[Line]:
        """Up to some 40 lines, as of `now_ms` (epoch milliseconds). One at least is taken: else the whole request is refused."""
        size = self._chance.choice((0, 0, 1, 3, 7, 14, 39))
        lines = [line for _ in range(size) for line in self._lines(now_ms)]
        return [*lines, self._line(self._event(now_ms))]

    def _lines(self, now: int) -> list[Line]:
        chance = self._chance
        draw = chance.random()
        if draw < _REFUSED:
            return [self._refused(now)]
        if self._promised and draw < _REFUSED + 0.1:
            return [self._line(self._promised.pop(chance.randrange(len(self._promised))))]
        draw = chance.random()
        if self._sent and draw < _COPIES:
            return [self._line(chance.choice(self._sent), keep=False)]
        if self._sent and draw < _COPIES + _CONFLICTS:
            other = dict(chance.choice(self._sent))
            other["time"] = rfc3339(self._other_time(other["time"], now))
            if other["type"] in _NAMES_A_TIME:
                return [self._line(self._event(now))]
            return [Line(_raw(other), other["id"], letter="conflict")]
        if self._sent and draw < _COPIES + _CONFLICTS + _CORRECTIONS:
            return self._corrections(now)
        made = self._event(now)
        if chance.random() < _PROMISED:
            # Said later, so that its correction comes first.
            self._promised.append(made)
            made = self._correct(now, made)
        return [self._line(made)]

    def _line(self, body: Body, keep: bool = True) -> Line:
        if keep:
            self._sent.append(body)
        return Line(_raw(body), body["id"])

    def _other_time(self, text: str, now: int) -> int:
        time = self._time(now)
        return time if rfc3339(time) != text else time - MINUTE

    # --- events

    def _time(self, now: int) -> int:
        """Mostly lately, so that the newest windows fill, else on any of the last days; some at the edge of a pane."""
        chance = self._chance
        draw = chance.random()
        if draw < 0.45:
            return now - chance.randrange(70 * MINUTE)
        if draw < 0.5:
            return now + chance.randrange(3 * MINUTE)
        if draw < 0.6:
            return (now - chance.randrange(DAY)) // PANE * PANE - chance.randrange(2)
        return now - chance.randrange(_DAYS_BACK * DAY)

    def _event(self, now: int, type_: str = "", time: int | None = None) -> Body:
        chance = self._chance
        time = self._time(now) if time is None else time
        type_ = type_ or chance.choice(_TYPES[self.source.kind])
        self._number += 1
        body: Body = {
            "specversion": "1.0",
            "id": f"{chance.choice('amz')}-{self._number}",
            "source": f"/{REGION}/{self.source.kind}/{self.source.id}",
            "type": type_,
            "time": rfc3339(time),
        }
        fed = chance.choice(self._recipients) if self._recipients else None
        if type_ in ("sppg.delivery.received", "sppg.meal.eaten") and fed:
            body["subject"] = fed.recipient_id
        body["data"] = self._data(type_, time, fed)
        if chance.random() < 0.3:
            body["recordedtime"] = rfc3339(now - chance.randrange(DAY))
        return body

    def _data(self, type_: str, time: int, fed: Recipient | None) -> Body:
        if type_.startswith("clinic."):
            return self._clinic_data(type_, time)
        if type_.startswith("recipient.") and fed:
            return self._recipient_data(type_, time, fed)
        return self._kitchen_data(type_, time, fed)

    def _kitchen_data(self, type_: str, time: int, fed: Recipient | None) -> Body:
        chance, some = self._chance, self._chance.randrange
        match type_:
            case "sppg.cooking.finished":
                return {"batch": f"B-{some(4)}", "portions": some(1, 900), "core_temp_c": 75.5}
            case "sppg.dispatch.departed":
                return {"trip": "T-1", "batches": [f"B-{some(4)}"], "portions": some(1, 900)}
            case "sppg.delivery.received":
                cooked = time - chance.choice((0, 90, 240, 241, 360, 361, some(1400))) * MINUTE
                cooked_at = {"cooked_at": rfc3339(cooked - some(MINUTE))}
                packed = {"package": chance.choice(("dry", "bundle"))}
                more = chance.choice((cooked_at, cooked_at, cooked_at | packed, packed))
                return {
                    "trip": "T-1", "batch": f"B-{some(4)}", "portions": some(300), "temp_c": 61.5, **more,
                }  # fmt: skip
            case "sppg.meal.eaten":
                groups = [group for group, n in fed.registered.items() if n] if fed else []
                eaten = {group: some(90) for group in groups if chance.random() < 0.8}
                return {"eaten": eaten, "leftover_g": some(5000)}
            case "sppg.temperature.measured":
                point = chance.choice(("chiller", "freezer", "hot_holding"))
                return {"point": point, "temp_c": chance.choice((0, 5, 5.1, -18, -17.9, 60, 59.9))}
            case "sppg.food.tested":
                passed = chance.random() < 0.6
                return {"batch": f"B-{some(4)}", "test": "nitrite", "passed": passed}
            case "sppg.incident.reported":
                return {"kind": "other", "severity": some(1, 4), "note": "Kompor padam"}
            case "sppg.ingredient.received":
                lot = {"item": "roti", "lot": f"L-{some(9)}", "supplier": "Pemasok Contoh"}
                return lot | {"ready_to_eat": True, "made_at": rfc3339(time - some(DAY))}
            case "event.retracted":
                return {"reason": "salah ketik"}
        return {"outbox": 0, "version": "1.2.0"}

    def _recipient_data(self, type_: str, time: int, fed: Recipient) -> Body:
        chance, some = self._chance, self._chance.randrange
        groups = [group for group, n in fed.registered.items() if n]
        numbers = {group: some(90) for group in groups if chance.random() < 0.8}
        match type_:
            case "recipient.delivery.checked":
                refused = chance.choice((0, 0, some(40)))
                return {
                    "kitchen": fed.unit_id, "portions": some(300), "refused": refused,
                    "reasons": ["smell"] if refused else [], "senses_passed": chance.random() < 0.9,
                }  # fmt: skip
            case "recipient.meal.eaten":
                return {"eaten": numbers, "leftover_g": some(5000)}
            case "recipient.attendance.reported":
                return {"present": numbers, "absent_ill": some(20)}
            case "recipient.service.declined":
                return {"groups": chance.choice(([], groups[:1])), "reason": "exam"}
        since = rfc3339(time - some(DAY))
        return {"ill": some(1, 9), "since": since, "symptoms": ["muntah"]}

    def _clinic_data(self, type_: str, time: int) -> Body:
        chance, some = self._chance, self._chance.randrange
        match type_:
            case "clinic.growth.measured":
                one = chance.choice(children())
                return {
                    "child": f"{some(40):032x}", "sex": one.sex, "age_days": one.age_days,
                    "weight_kg": one.weight_kg, "height_cm": one.height_cm, "posture": one.posture,
                }  # fmt: skip
            case "clinic.immunization.given":
                return {"child": f"{some(40):032x}", "antigen": "MR", "dose": some(1, 4)}
            case "clinic.antenatal.visited":
                visit = {"mother": f"{some(40):032x}", "visit": some(1, 7)}
                return visit | chance.choice(({}, {"hb_g_dl": 10.9}, {"hb_g_dl": 11}))
            case "clinic.cases.counted":
                return {
                    "syndrome": chance.choice(("foodborne", "diarrhoea")), "cases": some(1, 30),
                    "inpatients": some(3), "since": rfc3339(time - some(DAY)),
                }  # fmt: skip
        return {
            "patient": f"{some(40):032x}", "age_years": 9, "sex": "m", "symptoms": ["muntah"],
            "syndrome": chance.choice(("foodborne", "diarrhoea")),
            "onset": rfc3339(time - some(MINUTE)), "outcome": "outpatient",
        }  # fmt: skip

    # --- corrections

    def _corrections(self, now: int) -> list[Line]:
        """One, or rivals, or a chain, or a ring: of something lately said, of anything, or of what never comes."""
        chance = self._chance
        known = self._sent[-12:] if chance.random() < 0.6 else self._sent
        first = self._correct(now, chance.choice(known))
        draw = chance.random()
        if draw < 0.2:
            rival = self._correct(now, first) | {"supersedes": first["supersedes"]}
            return [self._line(first), self._line(rival)]
        if draw < 0.35:
            return [self._line(first), self._line(self._correct(now, first))]
        if draw < 0.4:
            one, other = self._event(now), self._event(now)
            ring = (one | {"supersedes": other["id"]}, other | {"supersedes": one["id"]})
            return [self._line(body) for body in ring]
        if draw < 0.45:
            first["supersedes"] = f"never-{self._number}"
        return [self._line(first)]

    def _correct(self, now: int, target: Body) -> Body:
        draw = self._chance.random()
        type_ = target["type"]
        if draw < 0.2:
            type_ = "event.retracted"
        elif draw < 0.25:
            type_ = self._chance.choice(_TYPES[self.source.kind])
        elif type_ == "event.retracted":
            # Which is final: this one counts for nothing.
            type_ = self._chance.choice(_TYPES[self.source.kind])
        return self._event(now, type_) | {"supersedes": target["id"]}

    # --- what ingest refuses

    def _refused(self, now: int) -> Line:
        chance = self._chance
        body = self._event(
            now, "sppg.cooking.finished" if self.source.kind == "sppg" else "unit.heartbeat"
        )
        code = chance.choice(
            (
                "not_json", "foreign_source", "in_future", "too_old", "nik", "unknown_type",
                "missing_field", "self_superseding",
            )
        )  # fmt: skip
        match code:
            case "not_json":
                return Line(_raw(body)[:-1], code=code)
            case "foreign_source":
                body["source"] = f"/{REGION}/{self.source.kind}/SPPG-3211-9999"
            case "in_future":
                body["time"] = rfc3339(now + 3_600_000)
            case "too_old":
                body["time"] = rfc3339(now - 31 * DAY)
            case "nik":
                body["data"] = {"kind": "injury", "severity": 1, "note": "NIK 3211010101010001"}
                body["type"] = "sppg.incident.reported"
            case "unknown_type":
                body["type"] = "sppg.unknown"
            case "missing_field":
                del body["data"]
            case "self_superseding":
                body["supersedes"] = body["id"]
        return Line(_raw(body), body["id"], code=code)


def _raw(body: Body) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
