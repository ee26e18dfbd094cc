"""Identity and corrections of one unit's events (section 2 of the public contract).

Every event names at most one other (`supersedes`), so events that bear on each other form trees; of a tree at most one event counts:

    a <- b <- d        b and c are rivals for a; the greatest (recordedtime, id) wins; if b wins, what counts for a is what counts for b: d.
      <- c             c loses and counts for nothing, and so would whatever corrects c.

A tree whose root names an event that has not arrived hangs on that id: its winner counts by itself. A retraction ends a chain with nothing.
A ring has no root, so nothing of it counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple

from contracts.windows import ALLOWED_LATENESS_MS
from streams.core.facts import CHUNK_FACTS, Chunk, Fact


class Verdict(Enum):
    """What an event turned out to be when it arrived."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class Status(NamedTuple):
    """What corrections made of an event: what counts instead at last (or ''), whether a retraction ended its chain, whether it counts."""

    superseded_by: str
    retracted: bool
    counts: bool


class Admission(NamedTuple):
    """`verdict`; for NEW also the facts that no longer count and that now do, statuses that changed, and
    events found to be wrong corrections.
    """

    verdict: Verdict
    gone: tuple[Fact, ...] = ()
    come: tuple[Fact, ...] = ()
    statuses: tuple[tuple[str, Status], ...] = ()
    wrong: tuple[Fact, ...] = ()


PLAIN: Final = Admission(Verdict.NEW)
"""A new event that corrects nothing and that nothing corrects: it counts, and nothing else changes."""

_DUPLICATE: Final = Admission(Verdict.DUPLICATE)
_CONFLICT: Final = Admission(Verdict.CONFLICT)


class _Tree(NamedTuple):
    """A tree as it stands: its members, the one that counts, and whether a retraction is why none does."""

    members: dict[str, Fact]
    effective: Fact | None
    retracted: bool

    def status(self, event_id: str) -> Status:
        if self.effective is None:
            return Status("", self.retracted, False)
        if self.effective.id == event_id:
            return Status("", False, True)
        return Status(self.effective.id, False, False)


_EMPTY: Final = _Tree({}, None, False)
_COUNTS: Final = Status("", False, True)


def bears(one: Fact, other: Fact) -> bool:
    """Two events bear on each other only if neither's time is more than 30 days before the later receivedtime of the two."""
    return min(one.time, other.time) >= max(one.received, other.received) - ALLOWED_LATENESS_MS


class Ledger:
    """All facts of one unit within reach.

    `retraction`: the kind of `event.retracted`; `changed` is told of each chunk that must be written.
    """

    def __init__(self, retraction: int, changed: Callable[[Chunk], None]) -> None:
        self._retraction = retraction
        self._changed = changed
        self._chunk_of: dict[str, Chunk] = {}
        self._open: dict[int, Chunk] = {}
        self._chunks: dict[int, list[Chunk]] = defaultdict(list)
        self._corrections: dict[str, list[str]] = {}

    def restore(self, chunk: Chunk) -> None:
        """Takes a chunk as it was kept; order does not matter."""
        self._chunks[chunk.day].append(chunk)
        known = self._open.get(chunk.day)
        if known is None or chunk.number > known.number:
            self._open[chunk.day] = chunk
        for fact in chunk.facts():
            self._index(fact, chunk)

    def _index(self, fact: Fact, chunk: Chunk) -> None:
        self._chunk_of[fact.id] = chunk
        if fact.target:
            self._corrections.setdefault(fact.target, []).append(fact.id)

    def counting(self) -> Iterator[tuple[Fact, bool]]:
        """Each fact and whether it counts: to derive the panes anew."""
        for chunks in self._chunks.values():
            for chunk in chunks:
                for fact in chunk.facts():
                    yield fact, self._counts(fact)

    def _counts(self, fact: Fact) -> bool:
        if fact.kind == self._retraction:
            return False
        if not fact.target and fact.id not in self._corrections:
            return True
        effective = self._tree_of(fact).effective
        return effective is not None and effective.id == fact.id

    def find(self, event_id: str) -> Fact | None:
        """The fact of an event id, or None."""
        chunk = self._chunk_of.get(event_id)
        if chunk is None:
            return None
        return next((fact for fact in reversed(chunk.facts()) if fact.id == event_id), None)

    def admit(self, fact: Fact, day: int) -> Admission:
        """Judges an event and, if new, keeps it."""
        if fact.id in self._chunk_of:
            known = self.find(fact.id)
            if known is not None and bears(known, fact):
                return _DUPLICATE if known.digest == fact.digest else _CONFLICT
        if not fact.target and fact.id not in self._corrections:
            self._keep(fact, day)
            return PLAIN
        before = (self._tree_under(fact.id), self._tree_above(fact))
        self._keep(fact, day)
        return self._compare(fact, before, self._tree_of(fact))

    def _keep(self, fact: Fact, day: int) -> None:
        chunk = self._open.get(day)
        if chunk is None or chunk.count >= CHUNK_FACTS:
            chunk = Chunk(day, 0 if chunk is None else chunk.number + 1)
            self._open[day] = chunk
            self._chunks[day].append(chunk)
        chunk.append(fact)
        self._index(fact, chunk)
        self._changed(chunk)

    def _compare(self, fact: Fact, before: tuple[_Tree, _Tree], after: _Tree) -> Admission:
        counted = {tree.effective.id: tree.effective for tree in before if tree.effective}
        gone = tuple(
            old
            for key, old in counted.items()
            if after.effective is None or after.effective.id != key
        )
        come = (after.effective,) if after.effective and after.effective.id not in counted else ()
        statuses = []
        for member in after.members.values():
            if member.kind == self._retraction:
                continue
            old = next(
                (tree.status(member.id) for tree in before if member.id in tree.members), _COUNTS
            )
            new = after.status(member.id)
            if new != old:
                statuses.append((member.id, new))
        return Admission(Verdict.NEW, gone, come, tuple(statuses), tuple(self._wrong_with(fact)))

    def _wrong_with(self, fact: Fact) -> Iterator[Fact]:
        """Wrong corrections that are known to be wrong now that `fact` is here: itself, or those that name it."""
        target = self.find(fact.target) if fact.target else None
        if target is not None and self._is_wrong(fact, target):
            yield fact
        for correction in self._found(self._corrections.get(fact.id, ())):
            if self._is_wrong(correction, fact):
                yield correction

    def _is_wrong(self, correction: Fact, target: Fact) -> bool:
        return (
            bears(correction, target)
            and correction.kind not in (target.kind, self._retraction)
            and target.kind != self._retraction
        )

    def _found(self, ids: Iterable[str]) -> list[Fact]:
        return [fact for fact in map(self.find, ids) if fact is not None]

    def _tree_of(self, fact: Fact) -> _Tree:
        """The tree that holds `fact`, from its root."""
        seen = {fact.id}
        root = fact
        while root.target:
            parent = self.find(root.target)
            if parent is None or not bears(root, parent):
                return self._tree_under(root.target) if parent is None else self._tree(root)
            if parent.id in seen:
                return _Tree(self._members(root), None, False)
            seen.add(parent.id)
            root = parent
        return self._tree(root)

    def _tree_above(self, fact: Fact) -> _Tree:
        """The tree that `fact` is about to join through its target."""
        if not fact.target or fact.target == fact.id:
            return _EMPTY
        target = self.find(fact.target)
        return self._tree_of(target) if target is not None else self._tree_under(fact.target)

    def _tree_under(self, missing: str) -> _Tree:
        """The tree that hangs on an id that has not arrived: its winner counts by itself."""
        rivals = self._found(self._corrections.get(missing, ()))
        if not rivals:
            return _EMPTY
        members: dict[str, Fact] = {}
        for rival in rivals:
            members |= self._members(rival)
        return _Tree(members, *self._chain(_winner(rivals)))

    def _tree(self, root: Fact) -> _Tree:
        return _Tree(self._members(root), *self._chain(root))

    def _members(self, root: Fact) -> dict[str, Fact]:
        members = {root.id: root}
        waiting = [root]
        while waiting:
            fact = waiting.pop()
            for child in self._found(self._corrections.get(fact.id, ())):
                if child.id not in members and bears(child, fact):
                    members[child.id] = child
                    waiting.append(child)
        return members

    def _chain(self, fact: Fact) -> tuple[Fact | None, bool]:
        """Step by step: what counts for an event is what counts for its winning correction. (None, True) if a retraction ends the chain."""
        while True:
            if fact.kind == self._retraction:
                return None, True
            rivals = [
                rival
                for rival in self._found(self._corrections.get(fact.id, ()))
                if rival.kind in (fact.kind, self._retraction) and bears(rival, fact)
            ]
            if not rivals:
                return fact, False
            fact = _winner(rivals)

    def forget(self, least_day: int) -> list[tuple[int, int]]:
        """Drops the chunks of days before `least_day`; returns their (day, number) for tombstones."""
        dropped = []
        for day in [day for day in self._chunks if day < least_day]:
            for chunk in self._chunks.pop(day):
                dropped.append((day, chunk.number))
                self._unindex(chunk)
            self._open.pop(day, None)
        return dropped

    def _unindex(self, chunk: Chunk) -> None:
        for fact in chunk.facts():
            if self._chunk_of.get(fact.id) is chunk:
                del self._chunk_of[fact.id]
            rivals = self._corrections.get(fact.target)
            if rivals and fact.id in rivals:
                rivals.remove(fact.id)
                if not rivals:
                    del self._corrections[fact.target]


def _winner(rivals: list[Fact]) -> Fact:
    return max(rivals, key=lambda fact: (fact.recorded, fact.id.encode("ascii", "replace")))
