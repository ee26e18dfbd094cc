"""Alerts of illness: what SQL found of people ill, meals and the registry, handed to `outbreaks`, and the alerts that come of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final

from audit.recompute.outbreaks.fed import Fed, Row
from audit.recompute.outbreaks.followed import (
    ILLNESS,
    CountChange,
    Course,
    Pursuit,
    Span,
)
from audit.recompute.outbreaks.lives import Arrival, steps
from audit.recompute.outbreaks.one_meal import BACK_DAYS
from audit.recompute.outbreaks.reported import Call, Cooked, Fact, Ill, Key, Lot, Meal, Word
from audit.scope import DayRange, Scope
from audit.scratch import Scratch
from contracts.time.days import Zone
from contracts.time.instant import epoch_ms
from contracts.time.windows import GRACE_MS

_EVENTS: Final = (
    "SELECT tied, unit_id, id, type, supersedes, t, r, rec, local_day, subject, kec, kitchen, person, began, ate, people, syndrome, "
    "present, absent_ill, portions, batch, lot, lots, supplier FROM illness_events"
)
_ALERT_COLUMNS: Final = (
    *("kind", "unit_id", "subject", "start", "sure", "raised_from", "raised_to", "again", "ends"),
    *("resolution", "severity", "holds"),
)
_EARLIEST_DAYS: Final = 31
"""A report is of at most so many days before it was received."""


def add(scratch: Scratch, scope: Scope, days: DayRange) -> None:
    """Put the alerts that there must be into `r_alerts`; after `alerts/87_illness`."""
    zone = Zone(scope.zone)
    first, last = (_number(one) for one in (days.first, days.last))
    rows = scratch.rows("SELECT * FROM fed_rows")
    planned = {day: frozenset(some) for day, some in scratch.rows("SELECT * FROM planned_meals")}
    fed = Fed((Row(*row) for row in rows), planned)
    followed = Pursuit(zone, scope.limits, fed, Span(first, last, scope.cut.complete))
    for row in scratch.rows("SELECT * FROM open_suspicions"):
        course = _resumed(row, zone)
        if course is not None:
            followed.resume(course)
    followed.follow(sorted(_changes(scratch, zone), key=lambda one: one.at), list(_words(scratch)))
    known = int(scratch.value("SELECT known FROM alert_begin"))
    newest = {(one.kind, one.about, one.start): one for one in followed.courses}
    scratch.insert("r_alerts", _ALERT_COLUMNS, (_row(one, known) for one in newest.values()))


def _row(one: Course, known: int) -> tuple[Any, ...]:
    return (
        one.kind, one.unit, one.subject, one.start, int(one.raised >= known and one.is_followed), one.raised, one.raised, [],
        one.ended or None, one.resolution, one.severity, None,
    )  # fmt: skip


def _resumed(row: Any, zone: Zone) -> Course | None:
    kind, unit, subject, identity, severity, _, raised, evidence = row
    if kind == ILLNESS:
        # Its day is not stored, but its id is made of it.
        today = zone.local_day(raised)
        for day in range(today, today - _EARLIEST_DAYS - 1, -1):
            start = zone.day_start_ms(day)
            if identity == _id(kind, unit, subject, start):
                about = (subject, str(day))
                events = set(json.loads(evidence)["events"])
                return Course(kind, about, unit, subject, start, raised, severity, events=events)
        return None
    shown = json.loads(evidence)
    news = epoch_ms(shown["last_news"])
    events = set(shown["events"])
    return Course(kind, (unit, subject), unit, subject, 0, raised, severity, news, events=events)


def _words(scratch: Scratch) -> Iterator[tuple[int, Word]]:
    """When what the health office found counts, and what of each kitchen."""
    for identity, at, verified, units, first, people in scratch.rows(
        "SELECT * FROM assessed_clusters ORDER BY at"
    ):
        for unit in units:
            word = Word((unit, identity), bool(verified), first, first + BACK_DAYS, people)
            yield at - GRACE_MS, word


def _changes(scratch: Scratch, zone: Zone) -> Iterator[CountChange]:
    arrivals, facts = [], []
    for row in scratch.rows(_EVENTS):
        tied, unit, identity, type_, supersedes, time, received, recorded = row[:8]
        rank = (recorded, identity)
        arrivals.append(Arrival(tied, unit, identity, type_, supersedes, time, received, rank))
        facts.append(row[8:])
    for _, of in groupby(steps(arrivals), key=lambda step: (arrivals[step.place].unit, step.at)):
        moment = list(of)
        final = {step.place: step.counts for step in moment}
        for at, place, counts in moment:
            one = arrivals[place]
            fact = _fact(one, at, facts[place], zone)
            lasts = final[place] == counts
            yield CountChange(at, one.type, (one.unit, one.id), counts, lasts, fact)


def _fact(one: Arrival, at: int, row: Any, zone: Zone) -> Fact | Cooked | Lot | None:
    (day, subject, kec, kitchen, person, began, ate, people, syndrome) = row[:9]
    present, absent, portions, batch, lot, lots, supplier = row[9:]
    key: Key = (one.unit, one.id)
    match one.type:
        case "clinic.case.reported" | "clinic.cases.counted":
            if syndrome == "other":
                return None
            where = f"recipient/{subject}" if subject else f"near/{kec}"
            sort = "seen" if one.type == "clinic.case.reported" else "counted"
            ate_day = zone.local_day(ate) if ate and sort == "seen" else 0
            return Ill(key, where, sort, person, people, began, ate_day, at)
        case "recipient.illness.noticed":
            return Ill(key, f"recipient/{one.unit}", "noticed", "", people, began, 0, at)
        case "recipient.attendance.reported":
            return Call(key, one.unit, day, one.time, one.rank[0], at, present, absent)
        case "sppg.delivery.received":
            return Meal(key, subject, one.unit, day, one.time, portions, batch)
        case "recipient.delivery.checked":
            return Meal(key, one.unit, kitchen, day, one.time, portions, "")
        case "sppg.cooking.finished":
            return Cooked(key, batch, one.time, tuple(lots)) if lots else None
        case "sppg.ingredient.received":
            return Lot(key, lot, supplier, one.time)
        case _:
            return None


def _id(kind: str, unit: str, subject: str, start: int) -> str:
    text = "\0".join((kind, unit, subject, str(start)))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:20]}"


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
