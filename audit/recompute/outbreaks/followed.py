"""The life of each alert of illness: what is reported in the order of receipt, the moments at which is judged, and what follows.

Judged is at the next full second after people ill are reported, at the next five minutes after a roll call, at the next hour
after a meal, and when nothing new has come of a suspected cluster for 72 hours. At one moment what is reported comes before
what is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, NamedTuple

from audit.recompute.outbreaks.expected import Outlook
from audit.recompute.outbreaks.exposed import Group
from audit.recompute.outbreaks.fed import Fed
from audit.recompute.outbreaks.one_meal import MealsJudged
from audit.recompute.outbreaks.one_report import judge_report
from audit.recompute.outbreaks.reported import (
    DAY_MS,
    Batch,
    Call,
    Cooked,
    Fact,
    Ill,
    Key,
    Lot,
    Reported,
    Word,
    moment_of,
)
from contracts.registry.region_rows import Thresholds
from contracts.time.days import Zone

ILLNESS: Final = "illness_reported"
CLUSTER: Final = "foodborne_cluster"
SETTLED_BY_MS: Final = 2 * 3_600_000
"""What was reported longer ago has been judged: the longest step is an hour."""
MEALS_DAYS: Final = 8
"""Meals and batches are forgotten on the day after so many ..."""
OTHERS_DAYS: Final = 45
"""... and all else after so many."""
_EVENT_DAYS: Final = 3
"""So many days after its time an event is forgotten for all else: a roll call that is taken back later is not judged again."""
FOLLOWED_DAYS: Final = 9
"""So many days after the last wanted one begins the day on which nothing is followed further."""
_ILLNESS_MS: Final = 3 * DAY_MS
_HOUR_MS: Final = 3_600_000
_COOKING: Final = "sppg.cooking.finished"
_STEPS_MS: Final = {
    "clinic.case.reported": 1_000,
    "clinic.cases.counted": 1_000,
    "recipient.illness.noticed": 1_000,
    "recipient.attendance.reported": 300_000,
    "sppg.delivery.received": _HOUR_MS,
    "recipient.delivery.checked": _HOUR_MS,
    _COOKING: _HOUR_MS,
}
_JUDGE: Final = "judge"
_DAY: Final = "~day"


class CountChange(NamedTuple):
    """From `at` on an event of a type counts, or counts no more. `lasts`: False if its unit says otherwise at the same moment, as one
    request that also corrects it does; `fact`: None where it says nothing of illness.
    """

    at: int
    type: str
    key: Key
    counts: bool
    lasts: bool
    fact: Fact | Cooked | Lot | None


@dataclass
class Course:
    """An alert from its raising on. `about`: what is judged; `ended`: 0 while it is open; `is_followed`: False where what became of
    it is not worked out.
    """

    kind: str
    about: Group
    unit: str
    subject: str
    start: int
    raised: int
    severity: int
    last_news: int = 0
    ended: int = 0
    resolution: str = ""
    events: set[str] = field(default_factory=set)
    is_followed: bool = True


class Span(NamedTuple):
    """Local days whose alerts are wanted, both inclusive, and the moment up to which all is in."""

    first: int
    last: int
    complete: int


class Pursuit:
    """Alerts of one region. `courses`: all that were raised, in order."""

    def __init__(self, zone: Zone, limits: Thresholds, fed: Fed, span: Span) -> None:
        self._zone, self._limits, self._fed, self._span = zone, limits, fed, span
        self._begins = zone.day_start_ms(span.first)
        self.known = Reported(zone.local_day)
        self.courses: list[Course] = []
        self._open: dict[tuple[str, Group], Course] = {}
        self._timers: list[tuple[int, str, str]] = []
        self._now = 0
        self._planned = 0
        self._reports: set[tuple[str, int]] = set()
        self._done = False
        self._lots: dict[Key, dict[Key, tuple[int, Lot]]] = defaultdict(dict)
        self._cooked: dict[Key, dict[Key, tuple[int, Cooked]]] = defaultdict(dict)
        self._since: dict[Key, int] = {}
        self._outlook = Outlook(self.known, fed, limits)
        self._judged = MealsJudged(zone, limits, fed, self.known, self._outlook)
        self._quiet_ms = round(limits.cluster_quiet_h * _HOUR_MS)

    def resume(self, course: Course) -> None:
        """Takes an alert that is open when the first day begins."""
        self._open[course.kind, course.about] = course
        if course.kind == ILLNESS:
            self._wake(course.raised + _ILLNESS_MS, ILLNESS, f"{course.subject}\n{course.about[1]}")
        else:
            self._wake(course.last_news + self._quiet_ms, _JUDGE, "")

    def follow(self, changes: Iterable[CountChange], words: Sequence[tuple[int, Word]]) -> None:
        """Goes through all changes (by their moments) and words to the end. Call it once."""
        for day in range(self._span.first, self._span.last + FOLLOWED_DAYS + 1):
            self._wake(self._zone.day_start_ms(day), _DAY, str(day))
        waiting = list(words)
        before = self._begins - DAY_MS
        for change in changes:
            if change.at >= self._span.complete:
                break
            while waiting and waiting[0][0] <= change.at:
                self._pass_to(waiting[0][0])
                self.known.put(waiting.pop(0)[1])
            if change.at >= before:
                if before:
                    self.known.forget(before - MEALS_DAYS * DAY_MS, before - OTHERS_DAYS * DAY_MS)
                    before = 0
                self._pass_to(change.at)
            if self._done:
                return
            self._take(change)
        for at, word in waiting:
            self._pass_to(at)
            self.known.put(word)
        self._pass_to(self._span.complete)

    # --- what comes ---------------------------------------------------------------------------------------------------

    def _take(self, change: CountChange) -> None:
        self._now = max(self._now, change.at)
        fact = change.fact
        if not change.counts:
            self._take_back(change)
            return
        self._since[change.key] = change.at
        if isinstance(fact, Lot) and change.lasts:
            place = change.key[0], fact.name
            self._lots[place][change.key] = change.at, fact
            for since, cooked in list(self._cooked[place].values()):
                if self._is_near(cooked.time, since):
                    self._cook(cooked)
        elif isinstance(fact, Cooked) and change.lasts:
            for name in fact.lots:
                self._cooked[change.key[0], name][change.key] = change.at, fact
            self._cook(fact)
        elif isinstance(fact, Fact) and change.lasts:
            self._put(change.type, fact)
            self._plan_report(fact)

    def _plan_report(self, fact: Fact) -> None:
        if self._now < self._begins - SETTLED_BY_MS:
            # It has been judged: judged again on the first day, it would be an alert of a moment at which no stream judged.
            return
        if isinstance(fact, Call):
            self._reports.add((fact.recipient, fact.day))
        elif isinstance(fact, Ill) and fact.sort == "noticed":
            self._reports.add((fact.key[0], self._zone.local_day(fact.began)))

    def _take_back(self, change: CountChange) -> None:
        fact = change.fact
        if isinstance(fact, Lot):
            self._lots[change.key[0], fact.name].pop(change.key, None)
            return
        if isinstance(fact, Cooked):
            for name in fact.lots:
                self._cooked[change.key[0], name].pop(change.key, None)
        self.known.remove(change.key)
        if change.type in _STEPS_MS:
            self._plan(change.type)
        if isinstance(fact, Call) and self._is_in_reach(fact):
            self._plan_report(fact)

    def _is_in_reach(self, call: Call) -> bool:
        return self._is_near(call.at, self._since.get(call.key, 0)) or any(
            call.key[1] in one.events for one in self._open.values()
        )

    def _is_near(self, time: int, since: int) -> bool:
        """Whether an event is not forgotten for all but the statistics."""
        midnight = self._zone.day_start_ms(self._zone.local_day(self._now))
        return time >= midnight - _EVENT_DAYS * DAY_MS or since > midnight

    def _put(self, type_: str, fact: Fact) -> None:
        self.known.put(fact)
        self._plan(type_)

    def _cook(self, cooked: Cooked) -> None:
        """Lots are named with their suppliers: of a lot that came twice, as the first says."""
        kitchen = cooked.key[0]
        lots = set()
        for name in cooked.lots:
            came = [
                (since, key, lot)
                for key, (since, lot) in self._lots[kitchen, name].items()
                if self._is_near(lot.time, since)
            ]
            if came:
                lots.add(f"{min(came)[2].supplier}/{name}")
        if lots:
            batch = Batch(cooked.key, cooked.batch, cooked.time, frozenset(lots))
            self._put(_COOKING, batch)

    def _plan(self, type_: str) -> None:
        if self._now < self._begins - SETTLED_BY_MS:
            # Nothing is worked out yet that could be stale.
            self.known.touched.clear()
            return
        step = _STEPS_MS[type_]
        at = (self._now // step + 1) * step
        if not self._planned or at < self._planned:
            self._planned = at
            self._wake(at, _JUDGE, "")

    # --- time ---------------------------------------------------------------------------------------------------------

    def _wake(self, at: int, kind: str, about: str) -> None:
        if at >= self._now:
            heappush(self._timers, (at, kind, about))

    def _pass_to(self, until: int) -> None:
        while self._timers and self._timers[0][0] < until and not self._done:
            at, kind, about = heappop(self._timers)
            self._now = max(self._now, at)
            while self._timers and self._timers[0] == (at, kind, about):
                heappop(self._timers)
            if kind == _DAY:
                self._begin_day(int(about))
            elif kind == _JUDGE:
                self._judge()
            else:
                recipient, _, day = about.partition("\n")
                course = self._open.get((ILLNESS, (recipient, day)))
                if course and self._now >= course.raised + _ILLNESS_MS:
                    self._end(course, "72_hours")

    def _begin_day(self, day: int) -> None:
        self.known.forget(self._now - MEALS_DAYS * DAY_MS, self._now - OTHERS_DAYS * DAY_MS)
        span = self._span
        wanted = (self._zone.local_day(one.raised) for one in self._open.values())
        if day > span.last and not any(span.first <= one <= span.last for one in wanted):
            self._done = True
        if day == span.last + FOLLOWED_DAYS:
            self._done = True
            for course in self._open.values():
                course.is_followed = False

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        reports, self._planned, self._reports = sorted(self._reports), 0, set()
        if self._now < self._begins:
            return
        self._drop_stale()
        self._judge_clusters()
        for recipient, day in reports:
            self._judge_report(recipient, day)

    def _judge_clusters(self) -> None:
        open_groups = {about for kind, about in self._open if kind == CLUSTER}
        best = self._judged.worst(self._now, open_groups)
        for group, found in sorted(best.items()):
            course = self._open.get((CLUSTER, group))
            if found.level:
                if course is None:
                    start = found.first_onset or self._zone.day_start_ms(found.day)
                    course = Course(CLUSTER, group, *group, start, self._now, 0)
                    self._raise(course)
                course.severity = max(course.severity, found.level)
                course.last_news = found.last_news
                course.events |= found.events
                self._wake(found.last_news + self._quiet_ms, _JUDGE, "")
            elif course and found.people + found.unplaced < self._limits.cluster_min_cases:
                self._end(course, "corrected")
        for (kind, about), course in list(self._open.items()):
            if kind == CLUSTER and about not in best:
                over = self._now >= course.last_news + self._quiet_ms
                self._end(course, "no_new_case" if over else "corrected")

    def _drop_stale(self) -> None:
        touched, self.known.touched = self.known.touched, []
        if self._outlook.all_is_stale() or any(isinstance(one, Word) for one in touched):
            self._outlook.drop_all()
            self._judged.drop_all()
        for fact in touched:
            day = self._zone.local_day(moment_of(fact))
            match fact:
                case Call():
                    self._outlook.called(fact.day)
                    self._judged.called(fact.day)
                case Ill():
                    self._outlook.reported_ill(day)
                    self._judged.reported_ill(day, fact.where)
                case _:
                    self._judged.served(day)
                    self._judged.served(day + 1)

    def _judge_report(self, recipient: str, day: int) -> None:
        ill, absent = self._outlook.ill(day), self._outlook.absent(day)
        found = judge_report(recipient, day, self.known, ill, absent)
        about = (recipient, str(day))
        course = self._open.get((ILLNESS, about))
        if found is None or not found.level:
            if course:
                self._end(course, "corrected")
            if found is not None:
                self._end_earlier(recipient, day)
            return
        if course is None:
            start = self._zone.day_start_ms(day)
            unit = self._fed.kitchen(recipient, day)
            course = Course(ILLNESS, about, unit, recipient, start, self._now, found.level)
            self._raise(course)
            self._wake(self._now + _ILLNESS_MS, ILLNESS, f"{recipient}\n{day}")
        course.severity = found.level
        course.events |= found.events

    def _end_earlier(self, recipient: str, day: int) -> None:
        for (kind, about), course in list(self._open.items()):
            if kind == ILLNESS and about[0] == recipient and int(about[1]) < day:
                self._end(course, "as_expected")

    def _raise(self, course: Course) -> None:
        self._open[course.kind, course.about] = course
        self.courses.append(course)

    def _end(self, course: Course, resolution: str) -> None:
        course.ended, course.resolution = self._now, resolution
        del self._open[course.kind, course.about]
