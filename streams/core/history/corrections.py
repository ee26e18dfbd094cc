"""What corrections make of events (section 2 of the public contract), as a pure function of a set of facts.

    a <- b <- d        b and c are rivals: the greatest (recordedtime, id) wins; if b wins, what counts for a is what counts for b: d
      <- c             c loses and counts for nothing, and so does whatever corrects c

* Corrections of one id are rivals, whether what they name has arrived or not. Until it has, the winner counts by itself.
* A retraction ends a chain with nothing, and what names it counts for nothing.
* A correction of another type than its target is wrong: it counts for nothing and takes nobody's place.
* Nothing of a ring counts, nor what corrects a part of it: no chain of corrections from a first event leads there.
* Facts that are not related (`are_related`) change nothing for each other: two such corrections of one event both count.
* An event is judged by what was received up to 30 days after its time: whatever arrives later changes no window
  that is final, not even by way of others.

The order of arrival changes nothing: the same facts give the same statuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from contracts.time.windows import ALLOWED_LATENESS_MS
from streams.core.history.event_kinds import RETRACTION
from streams.core.history.facts import Fact


class CorrectionStatus(NamedTuple):
    """What corrections made of an event: the id of what counts instead (or ''), whether a retraction ended its chain, whether it counts."""

    superseded_by: str
    retracted: bool
    counts: bool


COUNTS: Final = CorrectionStatus("", False, True)
NOTHING: Final = CorrectionStatus("", False, False)
RETRACTED: Final = CorrectionStatus("", True, False)


def are_related(one: Fact, other: Fact) -> bool:
    """Whether two events can change each other: neither's time is more than 30 days before the later receivedtime of the two."""
    return min(one.time, other.time) >= max(one.received, other.received) - ALLOWED_LATENESS_MS


def is_wrong(correction: Fact, target: Fact) -> bool:
    """Whether `correction` corrects `target` though that is of another type."""
    return are_related(correction, target) and correction.kind not in (target.kind, RETRACTION)


def statuses_of(facts: Sequence[Fact]) -> list[CorrectionStatus]:
    """The status of each fact, in their order. `facts`: all of one source that are related, directly or through others."""
    if not facts:
        return []
    family = _Family(facts)
    newest = max(fact.received for fact in facts)
    if newest <= min(fact.time for fact in facts) + ALLOWED_LATENESS_MS:
        return family.statuses([family.does_count(index) for index in range(len(facts))])
    return family.statuses([_counts_in_time(fact, facts) for fact in facts])


def _counts_in_time(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether a fact counts, judged by what was received within 30 days of its time: its windows are final then."""
    last = fact.time + ALLOWED_LATENESS_MS
    seen = [fact, *(one for one in facts if one is not fact and one.received <= last)]
    return _Family(seen).does_count(0)


class _Family:
    """Related facts, by their place in a list."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = facts
        by_id: dict[str, list[int]] = defaultdict(list)
        self._rivals: dict[str, list[int]] = defaultdict(list)
        for index, fact in enumerate(facts):
            by_id[fact.id].append(index)
            if fact.target:
                self._rivals[fact.target].append(index)
        self._by_rank: dict[str, list[int]] = {}
        self._wrong: set[int] = set()
        self._named: list[list[int]] = []
        self._corrections: list[list[int]] = [[] for _ in facts]
        for index, fact in enumerate(facts):
            there = [at for at in by_id.get(fact.target, ()) if are_related(fact, facts[at])]
            # What it names may be a retraction; what it corrects may not.
            self._named.append([at for at in there if self._may_name(fact, facts[at])])
            targets = [at for at in self._named[index] if facts[at].kind != RETRACTION]
            for target in targets:
                self._corrections[target].append(index)
            if there and not targets:
                self._wrong.add(index)
        self._reachable = self._reached()

    def _may_name(self, fact: Fact, target: Fact) -> bool:
        return RETRACTION in (fact.kind, target.kind) or fact.kind == target.kind

    def _is_beaten(self, index: int) -> bool:
        fact = self._facts[index]
        mine = _rank(fact)
        for rival in self._ranked(fact.target):
            if _rank(self._facts[rival]) <= mine:
                return False
            if are_related(self._facts[rival], fact):
                return True
        return False

    def _ranked(self, target: str) -> list[int]:
        """Corrections of an event that are not wrong, the greatest first: it beats nearly all of the others."""
        ranked = self._by_rank.get(target)
        if ranked is None:
            rivals = [rival for rival in self._rivals[target] if rival not in self._wrong]
            rivals.sort(key=lambda rival: _rank(self._facts[rival]), reverse=True)
            ranked = self._by_rank[target] = rivals
        return ranked

    def _reached(self) -> set[int]:
        """Facts that a chain of winning corrections reaches from a fact that corrects nothing (or nothing that is here)."""
        winners = {
            index
            for index, fact in enumerate(self._facts)
            if fact.target and index not in self._wrong and not self._is_beaten(index)
        }
        waiting = [
            index
            for index, fact in enumerate(self._facts)
            if not fact.target or (index in winners and not self._named[index])
        ]
        live = set(waiting)
        while waiting:
            for correction in self._corrections[waiting.pop()]:
                if correction in winners and correction not in live:
                    live.add(correction)
                    waiting.append(correction)
        return live

    def does_count(self, index: int) -> bool:
        """Whether a fact counts, judged by all facts of the family."""
        return (
            index in self._reachable
            and not self._corrections[index]
            and self._facts[index].kind != RETRACTION
        )

    def statuses(self, counted: Sequence[bool]) -> list[CorrectionStatus]:
        """The status of each fact, in their order; `counted`: which of them count."""
        outcomes: dict[int | str, CorrectionStatus] = {}
        for index in sorted(range(len(self._facts)), key=lambda at: _rank(self._facts[at])):
            fact = self._facts[index]
            if counted[index]:
                outcomes[self._beginning(index)] = CorrectionStatus(fact.id, False, False)
            elif fact.kind == RETRACTION and index in self._reachable:
                outcomes.setdefault(self._beginning(index), RETRACTED)
        return [
            COUNTS if counts else outcomes.get(self._beginning(index), NOTHING)
            for index, counts in enumerate(counted)
        ]

    def _beginning(self, index: int) -> int | str:
        """What a chain begins with: a fact, or the id that the first one names and that has not arrived."""
        seen = {index}
        while self._named[index]:
            index = self._named[index][0]
            if index in seen:
                return index
            seen.add(index)
        target = self._facts[index].target
        return target if target and index not in self._wrong else index


def _rank(fact: Fact) -> tuple[int, bytes]:
    return (fact.recorded, fact.id.encode())
