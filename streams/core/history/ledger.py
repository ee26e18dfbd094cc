"""The ledger of one unit: its facts within reach, which event is new, and what a new one changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple

from streams.core.history.chunks import CHUNK_FACTS, Chunk
from streams.core.history.corrections import (
    COUNTS,
    CorrectionStatus,
    are_related,
    is_wrong,
    statuses_of,
)
from streams.core.history.event_kinds import RETRACTION
from streams.core.history.facts import Fact


class Verdict(Enum):
    """What an event turned out to be when it arrived."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class Admission(NamedTuple):
    """The verdict, and what a NEW event changes.

    `uncounted`: facts that no longer count; `counted`: facts that count from now on; `statuses`: (event id, its new
    status); `wrong`: corrections of an event of another type.
    """

    verdict: Verdict
    uncounted: tuple[Fact, ...] = ()
    counted: tuple[Fact, ...] = ()
    statuses: tuple[tuple[str, CorrectionStatus], ...] = ()
    wrong: tuple[Fact, ...] = ()


PLAIN: Final = Admission(Verdict.NEW)
"""A new event that corrects nothing and that nothing corrects: it counts, and nothing else changes."""

_DUPLICATE: Final = Admission(Verdict.DUPLICATE)
_CONFLICT: Final = Admission(Verdict.CONFLICT)

LINKED_DAYS: Final = 61
"""Facts that correct or are corrected stay so many days longer than others: those that are still in reach may count because of them."""

_FactKey = tuple[str, int, int]

Unwritten = dict[tuple[str, int, int], Chunk | None]
"""(unit, day, chunk number) -> the chunk that state must get, None for a tombstone."""


def _key(fact: Fact) -> _FactKey:
    """The identity of a fact: an id may come again when its first event is out of reach."""
    return (fact.id, fact.time, fact.received)


class Ledger:
    """All facts of one unit within reach. It puts each chunk that it changes into `unwritten`."""

    def __init__(self, unit: str, unwritten: Unwritten) -> None:
        self._unit = unit
        self._unwritten = unwritten
        self._chunk_of: dict[str, Chunk] = {}
        # Only of ids that came again: the chunks of their earlier facts.
        self._earlier: dict[str, list[Chunk]] = {}
        self._open: dict[int, Chunk] = {}
        self._chunks: dict[int, list[Chunk]] = defaultdict(list)
        self._corrections: dict[str, list[str]] = {}

    def restore(self, chunk: Chunk) -> list[Fact]:
        """Takes a chunk of state, in any order; returns its facts.

        Which of them do not count is known when all chunks are here (`uncounted`).
        """
        self._chunks[chunk.day].append(chunk)
        known = self._open.get(chunk.day)
        if known is None or chunk.number > known.number:
            self._open[chunk.day] = chunk
        facts = chunk.facts()
        for fact in facts:
            if fact.target or fact.id in self._chunk_of:
                self._index(fact, chunk)
            else:
                self._chunk_of[fact.id] = chunk
        return facts

    def _index(self, fact: Fact, chunk: Chunk) -> None:
        known = self._chunk_of.get(fact.id)
        if known is not None and known is not chunk:
            self._earlier.setdefault(fact.id, []).append(known)
        self._chunk_of[fact.id] = chunk
        if fact.target:
            self._corrections.setdefault(fact.target, []).append(fact.id)

    def uncounted(self) -> list[Fact]:
        """The facts that do not count: those that were corrected, wrong corrections, retractions."""
        statuses: dict[_FactKey, tuple[Fact, CorrectionStatus]] = {}
        for target in self._corrections:
            for fact in (*self.find(target), *self._naming(target)):
                if _key(fact) not in statuses:
                    related = [fact, *self._related_to(fact)]
                    for one, status in zip(related, statuses_of(related), strict=True):
                        statuses[_key(one)] = (one, status)
        return [fact for fact, status in statuses.values() if not status.counts]

    def _is_linked(self, fact: Fact) -> bool:
        return bool(fact.target) or fact.id in self._corrections

    def find(self, event_id: str) -> list[Fact]:
        """The facts of an event id: one, or several of which no two are related."""
        chunks = self._chunks_with(event_id)
        return [fact for chunk in chunks for fact in chunk.facts() if fact.id == event_id]

    def _chunks_with(self, event_id: str) -> Iterable[Chunk]:
        newest = self._chunk_of.get(event_id)
        return dict.fromkeys((*self._earlier.get(event_id, ()), newest)) if newest else ()

    def admit(self, fact: Fact, day: int) -> Admission:
        """Decides what an event is, and stores it if it is new. `day`: local day of its time."""
        if fact.id in self._chunk_of:
            copies = [one for one in self.find(fact.id) if are_related(one, fact)]
            if copies:
                same = any(one.digest == fact.digest for one in copies)
                return _DUPLICATE if same else _CONFLICT
        if not fact.target and fact.id not in self._corrections:
            self._store(fact, day)
            return PLAIN
        related = self._related_to(fact)
        before = statuses_of(related)
        self._store(fact, day)
        after = statuses_of([fact, *related])
        return self._compare(fact, related, before, after)

    def _store(self, fact: Fact, day: int) -> None:
        chunk = self._open.get(day)
        if chunk is None or chunk.count >= CHUNK_FACTS:
            chunk = Chunk(day, 0 if chunk is None else chunk.number + 1)
            self._open[day] = chunk
            self._chunks[day].append(chunk)
        if chunk.append(fact):
            self._unwritten[self._unit, day, chunk.number] = chunk
        if fact.target or fact.id in self._chunk_of:
            self._index(fact, chunk)
        else:
            self._chunk_of[fact.id] = chunk

    def _related_to(self, fact: Fact) -> list[Fact]:
        """All other facts that are related to this one, directly or through others."""
        found: dict[_FactKey, Fact] = {_key(fact): fact}
        waiting = [fact]
        # By (id, whether it is named): those not found yet. Of a thousand corrections of one event each leads to all others.
        left: dict[tuple[str, bool], list[Fact]] = {}
        while waiting:
            one = waiting.pop()
            for about in ((one.target, True), (one.id, False)):
                if about not in left:
                    left[about] = self._neighbours(*about)
                unrelated = []
                for other in left[about]:
                    if _key(other) in found:
                        continue
                    if are_related(one, other):
                        found[_key(other)] = other
                        waiting.append(other)
                    else:
                        unrelated.append(other)
                left[about] = unrelated
        del found[_key(fact)]
        return list(found.values())

    def _neighbours(self, event_id: str, is_target: bool) -> list[Fact]:
        """What corrects an event; of the target of a fact also the event itself: the others that correct it are rivals."""
        if is_target and event_id:
            return [*self.find(event_id), *self._naming(event_id)]
        return [] if is_target else list(self._naming(event_id))

    def _naming(self, event_id: str) -> Iterator[Fact]:
        # Each chunk is unpacked once, though many corrections lie in it.
        facts: dict[Chunk, list[Fact]] = {}
        for correction in dict.fromkeys(self._corrections.get(event_id, ())):
            for chunk in self._chunks_with(correction):
                if chunk not in facts:
                    facts[chunk] = chunk.facts()
                for fact in facts[chunk]:
                    if fact.id == correction and fact.target == event_id:
                        yield fact

    def _compare(
        self,
        fact: Fact,
        related: list[Fact],
        before: list[CorrectionStatus],
        after: list[CorrectionStatus],
    ) -> Admission:
        changes = [(fact, COUNTS, after[0]), *zip(related, before, after[1:], strict=True)]
        uncounted = [one for one, was, now in changes[1:] if was.counts and not now.counts]
        counted = [one for one, was, now in changes[1:] if now.counts and not was.counts]
        if after[0].counts:
            counted.append(fact)
        statuses = [
            (one.id, now) for one, was, now in changes if now != was and one.kind != RETRACTION
        ]
        return Admission(
            Verdict.NEW,
            tuple(uncounted),
            tuple(counted),
            tuple(statuses),
            tuple(self._wrong_with(fact)),
        )

    def _wrong_with(self, fact: Fact) -> Iterator[Fact]:
        """Wrong corrections that are known to be wrong now that `fact` is here: itself, or those that name it."""
        targets: Iterable[Fact] = self.find(fact.target) if fact.target else ()
        if any(is_wrong(fact, target) for target in targets):
            yield fact
        for correction in self._naming(fact.id):
            if is_wrong(correction, fact):
                yield correction

    def forget(self, least_day: int) -> None:
        """Drops the chunks of days before `least_day`, those with corrections `LINKED_DAYS` later."""
        for day in [day for day in self._chunks if day < least_day]:
            remaining = []
            for chunk in self._chunks.pop(day):
                facts = chunk.facts()
                if day >= least_day - LINKED_DAYS and any(map(self._is_linked, facts)):
                    remaining.append(chunk)
                else:
                    self._unwritten[self._unit, day, chunk.number] = None
                    self._unindex(chunk, facts)
            self._open.pop(day, None)
            if remaining:
                self._chunks[day] = remaining

    def _unindex(self, chunk: Chunk, facts: list[Fact]) -> None:
        for fact in facts:
            earlier = self._earlier.get(fact.id)
            if self._chunk_of.get(fact.id) is chunk:
                if earlier:
                    self._chunk_of[fact.id] = earlier.pop()
                else:
                    del self._chunk_of[fact.id]
            elif earlier and chunk in earlier:
                earlier.remove(chunk)
            if earlier is not None and not earlier:
                del self._earlier[fact.id]
            rivals = self._corrections.get(fact.target)
            if rivals and fact.id in rivals:
                rivals.remove(fact.id)
                if not rivals:
                    del self._corrections[fact.target]
