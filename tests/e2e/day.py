"""The day of three kitchens: what they post, what of it is refused, and what must be said of each event."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contracts.time.clock import real_now_ms
from pantau.installation import ROOT
from tests.e2e.expected import Folder
from tests.e2e.installation import REGION, Event, Installation

FOLDER: Final = Folder(ROOT / "regions" / REGION)


@dataclass
class Day:
    """`began`: before the first event was sent; `letters`: (unit, code) of each event that is refused or conflicts."""

    kitchens: tuple[str, ...]
    began: datetime
    letters: list[tuple[str, str]] = field(default_factory=list)
    corrected: dict[str, str] = field(default_factory=dict)
    retracted: set[str] = field(default_factory=set)


def now() -> datetime:
    return datetime.fromtimestamp(real_now_ms() / 1000, UTC)


def three_kitchens() -> tuple[str, ...]:
    """Two that feed more than one kecamatan, and one that does not share theirs."""
    spread: list[str] = []
    alone: list[str] = []
    for kitchen in FOLDER.kitchens:
        places = {FOLDER.recipients[one]["kecamatan"] for one in FOLDER.fed_by(kitchen)}
        (spread if len(places) > 1 else alone).append(kitchen)
    first, second = spread[0], spread[1]
    mine = {FOLDER.units[one]["kecamatan"] for one in (first, second)}
    others = [one for one in (*alone, *spread) if FOLDER.units[one]["kecamatan"] not in mine]
    return (first, second, others[0])


class Kitchen:
    """One kitchen's statements. A moment is a share of the local day so far: the test can run at any hour."""

    def __init__(self, unit: str, at: datetime, seed: int) -> None:
        self.unit = unit
        self._midnight = FOLDER.midnight(FOLDER.local_day(at))
        self._so_far = at - self._midnight
        self._chance = random.Random(seed)
        self._number = 0

    def skip(self, number: int) -> None:
        """Later ids begin behind `number`: another test has used the first ones."""
        self._number = number

    def moment(self, share: float, days_ago: int = 0) -> datetime:
        time = self._midnight - timedelta(days=days_ago) + share * self._so_far
        return time.replace(microsecond=time.microsecond // 1000 * 1000)

    def event(
        self, kind: str, share: float, data: dict[str, Any], days_ago: int = 0, **more: Any
    ) -> Event:
        self._number += 1
        return {
            "specversion": "1.0",
            "id": f"{self.unit}-{self._number}",
            "source": f"/{REGION}/sppg/{self.unit}",
            "type": kind,
            "time": self.moment(share, days_ago).isoformat(timespec="milliseconds"),
            "data": data,
            **more,
        }

    def delivery(self, recipient: str, share: float, cooked_min: float, **more: Any) -> Event:
        time = self.moment(share, more.get("days_ago", 0))
        data = {
            "trip": "T-1",
            "batch": "B-1",
            "portions": self._chance.randint(50, 300),
            "temp_c": 63.5,
            "cooked_at": (time - timedelta(minutes=cooked_min)).isoformat(timespec="milliseconds"),
        }
        return self.event("sppg.delivery.received", share, data, subject=recipient, **more)

    def meal(self, recipient: str, share: float, **more: Any) -> Event:
        row = FOLDER.recipients[recipient]
        registered = {
            group: int(row[group]) for group in row if group in _GROUPS and int(row[group])
        }
        eaten = {group: self._chance.randint(0, most) for group, most in registered.items()}
        data = {"eaten": eaten, "leftover_g": self._chance.randrange(9000)}
        return self.event("sppg.meal.eaten", share, data, subject=recipient, **more)

    def ordinary(self) -> list[Event]:
        """What it says of its work, today and (late) of two days ago."""
        chance = self._chance
        fed = FOLDER.fed_by(self.unit)[:7]
        said = []
        for number, share in ((1, 0.20), (2, 0.26)):
            cooked = {
                "batch": f"B-{number}",
                "portions": chance.randint(300, 1500),
                "core_temp_c": 78.5,
            }
            said.append(self.event("sppg.cooking.finished", share, cooked))
            left = {
                "trip": f"T-{number}",
                "batches": [f"B-{number}"],
                "portions": chance.randint(200, 1400),
            }
            said.append(self.event("sppg.dispatch.departed", share + 0.07, left))
            tested = {"batch": f"B-{number}", "test": "nitrite", "passed": number == 1}
            said.append(self.event("sppg.food.tested", share + 0.02, tested))
        for number, recipient in enumerate(fed):
            said.append(
                self.delivery(recipient, 0.4 + number / 50, (35, 240, 241, 361, 90.99)[number % 5])
            )
            said.append(self.meal(recipient, 0.5 + number / 20))
        said += [self.delivery(fed[0], 0.3, 70, days_ago=2), self.meal(fed[0], 0.4, days_ago=2)]
        for number in range(8):
            point, celsius = (
                ("chiller", 5),
                ("chiller", 5.1),
                ("freezer", -18),
                ("hot_holding", 59.9),
            )[number % 4]
            reading = {"point": point, "temp_c": celsius}
            said.append(self.event("sppg.temperature.measured", 0.1 + number / 10, reading))
        trouble = {"kind": "equipment", "severity": 2, "note": "Kompor padam"}
        said.append(self.event("sppg.incident.reported", 0.35, trouble))
        said.append(self.event("unit.heartbeat", 0.97, {"outbox": 0, "version": "1.2.0"}))
        return said


_GROUPS: Final = ("paud", "sd", "smp", "sma", "santri", "guru", "bumil", "busui", "balita")


def post_day(installation: Installation) -> Day:
    """Posts it all, in each way in which a device may."""
    began = now()
    day = Day(three_kitchens(), began)
    first, second, third = (Kitchen(unit, began, n) for n, unit in enumerate(day.kitchens))
    _lines_with_copies(installation, day, first)
    _corrections(installation, day, second)
    _refused(installation, day, third)
    return day


def _accepted(installation: Installation, unit: str, events: list[Event], **how: Any) -> None:
    answer = installation.send(unit, **how)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (len(events), [])
    installation.accepted += events


def _lines_with_copies(installation: Installation, day: Day, kitchen: Kitchen) -> None:
    """Lines, packed; then some again, and one again that says something else."""
    said = kitchen.ordinary()
    body = gzip.compress("\n".join(map(json.dumps, said)).encode())
    kind = "application/x-ndjson"
    _accepted(installation, kitchen.unit, said, body=body, kind=kind, Content_Encoding="gzip")
    other = {**said[0], "data": {**said[0]["data"], "portions": 7}}
    day.letters.append((kitchen.unit, "conflict"))
    again = [*said[:5], other]
    body = "\n".join(map(json.dumps, again)).encode()
    _accepted(installation, kitchen.unit, again, body=body, kind=kind)


def _corrections(installation: Installation, day: Day, kitchen: Kitchen) -> None:
    """A batch with corrections: one moves a meal, one comes before its target, rivals, a chain, a retraction."""
    said = kitchen.ordinary()
    meals = [one for one in said if one["type"] == "sppg.meal.eaten"]
    readings = [one for one in said if one["type"] == "sppg.temperature.measured"]

    def corrected(target: Event, share: float, **more: Any) -> Event:
        made = kitchen.meal(target["subject"], share, supersedes=target["id"], **more)
        made["recordedtime"] = kitchen.moment(0.98).isoformat(timespec="milliseconds")
        return made

    moved = corrected(meals[0], 0.2)
    early = corrected(meals[1], 0.66)
    chain = corrected(moved, 0.3)
    loser = {**corrected(meals[2], 0.7), "recordedtime": kitchen.moment(0.9).isoformat()}
    winner = corrected(meals[2], 0.71)
    taken = kitchen.event(
        "event.retracted", 0.98, {"reason": "salah ketik"}, supersedes=readings[0]["id"]
    )
    day.corrected = {
        meals[0]["id"]: chain["id"], moved["id"]: chain["id"], meals[1]["id"]: early["id"],
        meals[2]["id"]: winner["id"], loser["id"]: winner["id"],
    }  # fmt: skip
    day.retracted = {readings[0]["id"]}
    for batch in ([early], said, [moved, loser, winner, chain, taken]):
        _accepted(
            installation, kitchen.unit, batch,
            body=json.dumps(batch).encode(), kind="application/cloudevents-batch+json",
        )  # fmt: skip


def _refused(installation: Installation, day: Day, kitchen: Kitchen) -> None:
    """One event a request; among them one of each way to be refused."""
    said = kitchen.ordinary()
    body = json.dumps(said[:-1]).encode()
    _accepted(
        installation, kitchen.unit, said[:-1], body=body, kind="application/cloudevents-batch+json"
    )
    single = "application/cloudevents+json"
    _accepted(
        installation, kitchen.unit, said[-1:], body=json.dumps(said[-1]).encode(), kind=single
    )
    cooking = said[0]
    bad: list[tuple[str, bytes]] = [
        ("not_json", b"{"),
        ("foreign_source", json.dumps({**cooking, "source": f"/{REGION}/sppg/{day.kitchens[0]}"}).encode()),
        ("unknown_recipient", json.dumps(kitchen.delivery("npsn:00000000", 0.5, 30)).encode()),
        ("in_future", json.dumps({**cooking, "id": "f", "time": (now() + timedelta(hours=1)).isoformat()}).encode()),
        ("too_old", json.dumps({**cooking, "id": "o", "time": (now() - timedelta(days=31)).isoformat()}).encode()),
        ("nik", json.dumps({**said[-2], "id": "n", "data": {"kind": "injury", "severity": 1, "note": "NIK 3211010101010001"}}).encode()),
    ]  # fmt: skip
    answer = installation.send(
        kitchen.unit, b"\n".join(body for _, body in bad), "application/x-ndjson"
    )
    assert answer.status_code == 422, answer.text
    said_codes = [one["code"] for one in answer.json()["rejected"]]
    assert said_codes == [code for code, _ in bad]
    day.letters += [(kitchen.unit, code) for code, _ in bad]
