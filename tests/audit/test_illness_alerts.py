"""Alerts of illness and of the network: of random days stage and audit find the same, and what is broken in the store is named."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client

from audit.report import Report
from audit.run import audit
from contracts.commands import Assess
from contracts.registry.entities import RegionRegistry
from contracts.registry.region_rows import Thresholds
from contracts.time.clock import rfc3339
from contracts.time.days import DAY_MS, Zone, day_to_iso
from storage.schema import STORE
from tests import examples
from tests.audit.audit_installation import (
    CLINICS,
    FIRST_DAY,
    KITCHENS,
    REGION,
    REGISTRY,
    SCHOOLS,
    Installation,
)
from tests.audit.memory_log import MemoryLog
from tests.audit.test_run import change, look, pick, shown

_HOUR: Final = 3_600_000
_MINUTE: Final = 60_000
_ZONE: Final = Zone("Asia/Jakarta")
_OPEN: Final = SCHOOLS[:4]


class Reports:
    """Random reports of some days: (received, unit, line), in order. Events are corrected, retracted, late."""

    def __init__(self, seed: int, days: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self._sent: list[tuple[str, dict[str, Any]]] = []
        self.lines: list[tuple[int, str, bytes]] = []
        for day in range(FIRST_DAY, FIRST_DAY + days):
            self._day(_ZONE.day_start_ms(day))
        self.lines.sort(key=lambda one: one[0])

    def _day(self, midnight: int) -> None:
        chance = self._chance
        bad = set(chance.sample(SCHOOLS, chance.choice((0, 0, 0, 1, 1, 2))))
        for school in _OPEN:
            at = midnight + chance.randrange(7 * _HOUR, 11 * _HOUR)
            kitchen = KITCHENS[chance.choice((0, 0, 1, 2))]
            meal = {"portions": chance.choice((0, 90, 200)), "batch": f"B-{chance.randrange(3)}"}
            self._post(at, kitchen, "sppg.delivery.received", subject=school, **meal)
            if chance.random() < 0.8:
                absent = chance.choice((0, 1, 2, 3, 4, 25 if school in bad else 5))
                present = {"sd": chance.randrange(60, 120)}
                self._post(
                    at - _HOUR,
                    school,
                    "recipient.attendance.reported",
                    present=present,
                    absent_ill=absent,
                )
            if chance.random() < (0.9 if school in bad else 0.05):
                since = rfc3339(at - chance.choice((0, 5, 30)) * _HOUR)
                ill = chance.randrange(1, 12)
                self._post(at + _HOUR, school, "recipient.illness.noticed", ill=ill, since=since)
            for _ in range(chance.randrange(5) if school in bad else chance.random() < 0.05):
                self._patient(at, school if chance.random() < 0.8 else "")
        for kitchen in KITCHENS:
            self._cook(midnight, kitchen)
        for _ in range(chance.choice((0, 0, 1, 3))):
            self._change(midnight + chance.randrange(24) * _HOUR)

    def _cook(self, midnight: int, kitchen: str) -> None:
        chance = self._chance
        lots = [f"L-{chance.randrange(4)}" for _ in range(chance.randrange(3))]
        for lot in lots:
            at = midnight + chance.randrange(8 * _HOUR)
            more = {"lot": lot, "supplier": chance.choice("XY"), "made_at": ...}
            self._post(at, kitchen, "sppg.ingredient.received", **more)
        at = midnight + chance.randrange(4 * _HOUR, 7 * _HOUR)
        batch = {"batch": f"B-{chance.randrange(3)}", "portions": 300}
        self._post(at, kitchen, "sppg.cooking.finished", lots=lots or ..., **batch)

    def _patient(self, at: int, school: str) -> None:
        chance = self._chance
        onset = at + chance.randrange(-20, 50) * _HOUR
        seen = onset + chance.randrange(12 * _HOUR)
        subject = {"subject": school} if school else {"subject": ...}
        clinic = chance.choice(CLINICS)
        if chance.random() < 0.3:
            counted: dict[str, Any] = {"cases": chance.randrange(1, 6), "inpatients": 0}
            counted |= {"syndrome": "diarrhoea", "since": rfc3339(onset)}
            self._post(seen, clinic, "clinic.cases.counted", **subject, **counted)
            return
        patient: dict[str, Any] = {
            "patient": f"{chance.randrange(1, 40):032x}",
            "onset": rfc3339(onset),
        }
        patient["syndrome"] = chance.choice(("foodborne", "diarrhoea", "other"))
        patient["ate_at"] = rfc3339(onset - 5 * _HOUR) if chance.random() < 0.3 else ...
        self._post(seen, clinic, "clinic.case.reported", **subject, **patient)

    def _change(self, at: int) -> None:
        """A correction or retraction of something lately sent, or of a correction."""
        chance = self._chance
        unit, before = chance.choice(self._sent[-40:])
        made = json.loads(json.dumps(before))
        made |= {"id": f"e{self._next()}", "supersedes": before["id"]}
        if chance.random() < 0.4:
            made |= {"type": "event.retracted", "data": {"reason": "salah"}}
            made.pop("subject", None)
        elif "absent_ill" in made["data"]:
            made["data"]["absent_ill"] = chance.choice((0, 2, 30))
        elif "ill" in made["data"]:
            made["data"]["ill"] = chance.choice((1, 20))
        if before["type"] != "event.retracted":
            self._send(max(at, self._arrived(before) + _MINUTE), unit, made)

    def _arrived(self, event: dict[str, Any]) -> int:
        return next(at for at, _, line in self.lines if json.loads(line)["id"] == event["id"])

    def _post(self, at: int, unit: str, type_: str, **fields: Any) -> None:
        kind = "clinic" if unit in CLINICS else "recipient" if unit in SCHOOLS else "sppg"
        subject = {"subject": fields.pop("subject")} if "subject" in fields else {}
        if type_ == "sppg.delivery.received":
            fields["cooked_at"] = rfc3339(at - _HOUR)
        made = examples.event(
            type_, id=f"e{self._next()}", source=f"/{REGION}/{kind}/{unit}", time=rfc3339(at),
            data=fields, **subject,
        )  # fmt: skip
        late = self._chance.choice((0, 0, 0, 1, 20, 30 * 60)) * _MINUTE
        self._send(at + late + self._chance.randrange(_MINUTE), unit, made)

    def _send(self, at: int, unit: str, made: dict[str, Any]) -> None:
        self._sent.append((unit, made))
        self.lines.append((at, unit, json.dumps(made).encode()))

    def _next(self) -> int:
        self._number += 1
        return self._number


def play(
    store: Client,
    lines: list[tuple[int, str, bytes]],
    registry: RegionRegistry,
    assessed_after: int = -1,
) -> Installation:
    """A tick every quarter of an hour, so that both stages go on. After so many lines the health office assesses clusters."""
    installation = Installation(store)
    now = lines[0][0] - DAY_MS
    installation.publish(registry, now)
    for number, (at, unit, line) in enumerate(lines):
        if number == assessed_after:
            installation.flush()
            installation.write()
            assess(installation, now)
        while now + 15 * _MINUTE < at:
            now += 15 * _MINUTE
            installation.tick(now)
        installation.send(at, unit, line)
        if number % 7 == 0:
            installation.flush()
    installation.tick(lines[-1][0] + 4 * DAY_MS)
    installation.flush()
    installation.write()
    return installation


def assess(installation: Installation, now: int) -> None:
    """Every second one is verified, the others are discarded."""
    found = installation.client.query(
        f"SELECT DISTINCT id FROM {STORE}.alert_changes WHERE kind = 'foodborne_cluster' ORDER BY id"
    )
    for number, (identity,) in enumerate(found.result_rows):
        outcome: Any = ("verified", "discarded")[number % 2]
        installation.command(
            now,
            Assess(
                id=f"a{number}",
                region=REGION,
                alert_id=identity,
                by="rina",
                note="lab",
                assessment=outcome,
            ),
        )


def of_all(installation: Installation) -> Report:
    log = MemoryLog(installation.logged, commands=installation.commands)
    given = (None, None, Thresholds(), lambda _line: None, 0.5, 0.0)
    return audit(installation.client, REGION, *given, log=log)


def raised(store: Client, kind: str, subject: str = "") -> int:
    (count,) = pick(
        store,
        f"SELECT uniqExact(id) FROM {{store}}.alert_changes WHERE kind = '{kind}' "
        f"AND ('{subject}' = '' OR subject = '{subject}')",
    )
    return int(count)


def test_of_random_reports_stage_and_audit_find_the_same(store: Client) -> None:
    installation = play(store, Reports(1, 40).lines, REGISTRY, assessed_after=250)
    report = of_all(installation)
    assert report.clean, shown(report)
    assert raised(store, "illness_reported") > 5
    assert raised(store, "foodborne_cluster") > 3


def _broken(store: Client, kind: str) -> set[tuple[str, str]]:
    """Break four alerts of a kind: (what differs, id of the alert)."""
    ids = [
        pick(
            store,
            f"SELECT id FROM {{store}}.alert_changes WHERE kind = '{kind}' AND state = 'resolved' "
            f"GROUP BY id ORDER BY id LIMIT 1 OFFSET {n}",
        )[0]
        for n in range(4)
    ]
    for sql in (
        f"DELETE WHERE id = '{ids[0]}'",
        f"UPDATE severity = severity % 3 + 1 WHERE id = '{ids[1]}'",
        f"DELETE WHERE id = '{ids[2]}' AND state = 'resolved'",
        f"UPDATE raised_at = raised_at + INTERVAL 5 MINUTE WHERE id = '{ids[3]}'",
    ):
        change(store, f"ALTER TABLE {{store}}.alert_changes {sql}")
    return set(zip(("row", "severity", "state", "raised_at"), ids, strict=True))


def test_an_alert_of_illness_that_is_broken_is_named(store: Client) -> None:
    installation = play(store, Reports(7, 20).lines, REGISTRY)
    broken = _broken(store, "illness_reported") | _broken(store, "foodborne_cluster")
    found = {
        (one.column, one.events[0])
        for one in of_all(installation).differences
        if one.column != "history"
    }
    assert found >= broken


def _taken_back(number: int, line: tuple[int, str, bytes], at: int) -> tuple[int, str, bytes]:
    made = json.loads(line[2])
    data = {"reason": "x"}
    back = made | {
        "id": f"b{number}",
        "type": "event.retracted",
        "supersedes": made["id"],
        "data": data,
    }
    return at, line[1], json.dumps(back).encode()


def _noticed(number: int, at: int, since: int, ill: int) -> tuple[int, str, bytes]:
    made = examples.event(
        "recipient.illness.noticed", id=f"n{number}", source=f"/{REGION}/recipient/{_OPEN[0]}", time=rfc3339(since),
        data={"ill": ill, "since": rfc3339(since)},
    )  # fmt: skip
    return at, _OPEN[0], json.dumps(made).encode()


def test_what_comes_and_is_taken_back_at_one_moment_is_not_judged(store: Client) -> None:
    """Three ill raise an alert; a month of two a day, reported late, makes three nothing special, which nobody asks until the day's
    report changes. One that is taken back in the same request changes nothing: the alert stands for its 72 hours.
    """
    day = FIRST_DAY + 35
    now = _ZONE.day_start_ms(day) + 9 * _HOUR
    month = (_noticed(n, now + _HOUR, now - (n + 7) * DAY_MS, 2) for n in range(1, 22))
    passing = _noticed(98, now + 2 * _HOUR, now - _HOUR, 1)
    lines = [_noticed(0, now, now - _HOUR, 3), *month, passing, _taken_back(0, passing, passing[0])]
    report = of_all(play(store, lines, REGISTRY))
    assert report.clean, shown(report)
    sql = "SELECT max(resolution) FROM {store}.alert_changes WHERE kind = 'illness_reported'"
    (why,) = pick(store, sql)
    assert why == "72_hours"


def test_what_was_judged_before_the_first_day_is_not_judged_again_on_it(store: Client) -> None:
    """Three ill are nothing special after a month of two a day; on the next morning the month is taken back. Nobody judges the evening's
    report again, and nothing else was reported in between.
    """
    midnight = _ZONE.day_start_ms(FIRST_DAY + 36)
    evening, morning = midnight - 2 * _HOUR - 10 * _MINUTE, midnight + 7 * _HOUR
    month = [_noticed(n, evening - 9 * _HOUR, evening - (n + 7) * DAY_MS, 2) for n in range(1, 22)]
    back = (_taken_back(n, one, morning) for n, one in enumerate(month))
    play(store, [*month, _noticed(0, evening, evening - _HOUR, 3), *back], REGISTRY)
    first = date.fromisoformat(day_to_iso(FIRST_DAY + 36))
    report = look(store, first, first)
    assert report.clean, shown(report)


_MANY: Final = tuple(f"SPPG-3211-01{number:02}" for number in range(24))


def _beats(seed: int) -> Iterator[tuple[int, str, bytes]]:
    """Heartbeats of 24 kitchens on four days, with gaps of some, and of many at once."""
    chance = random.Random(seed)
    for day in range(FIRST_DAY, FIRST_DAY + 4):
        start = _ZONE.day_start_ms(day)
        cuts = [chance.randrange(4 * 60, 16 * 60) * _MINUTE for _ in range(3)]
        for name in _MANY:
            out = [
                (cut, cut + chance.randrange(10, 90) * _MINUTE)
                for cut in cuts
                if chance.random() < 0.6
            ]
            for at in range(3 * _HOUR + chance.randrange(5 * _MINUTE), 20 * _HOUR, 5 * _MINUTE):
                if any(begin <= at < end for begin, end in out):
                    continue
                moment = start + at
                beat = examples.event(
                    "unit.heartbeat", id=f"{name}{moment}", time=rfc3339(moment),
                    source=f"/{REGION}/sppg/{name}",
                )  # fmt: skip
                yield moment, name, json.dumps(beat).encode()


def _with_many() -> RegionRegistry:
    kitchens, schools = [], []
    for number, name in enumerate(_MANY):
        hours = ((240, 960), (300, 900), (420, 1080))[number % 3]
        kitchen = msgspec.structs.replace(
            REGISTRY.units[0], unit_id=name, opens=hours[0], closes=hours[1]
        )
        school = msgspec.structs.replace(
            REGISTRY.recipients[0], recipient_id=f"npsn:3020{number:04}", unit_id=name
        )
        kitchens.append(kitchen)
        schools.append(school)
    return msgspec.structs.replace(
        REGISTRY, units=tuple(kitchens), recipients=tuple(schools), calendar=()
    )


def test_a_silent_network_is_audited(store: Client) -> None:
    installation = play(store, sorted(_beats(1)), _with_many())
    assert raised(store, "unit_silent", "network") > 2
    report = of_all(installation)
    assert report.clean, shown(report)
    change(store, "ALTER TABLE {store}.alert_changes DELETE WHERE subject = 'network'")
    change(
        store,
        "ALTER TABLE {store}.alert_changes UPDATE severity = 3 - severity WHERE kind = 'unit_silent' AND subject = ''",
    )
    found = of_all(installation).differences
    # On a day on which a gap of some unit is just short of one, whether a network stood is not asked.
    missing = [one for one in found if (one.column, one.group) == ("row", "network")]
    assert missing
    assert {one.stored for one in missing} == {"absent"}
    assert sum(one.column == "severity" for one in found) > 20
