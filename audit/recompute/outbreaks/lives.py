"""From when until when an event counted: corrections are applied again after each arrival (section 2 of the public contract).

Two arrivals of a source bear on each other if neither's time is more than 30 days before the later receipt of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_REACH_MS: Final = 30 * 86_400_000
RETRACTED: Final = "event.retracted"


class Arrival(NamedTuple):
    """A new event in its unit's order of arrival. `group`: the same for all that corrections tie together, 0 for most.

    `rank`: of several corrections of one event the greatest wins.
    """

    group: int
    unit: str
    id: str
    type: str
    supersedes: str
    time: int
    received: int
    rank: tuple[int, str]


class Step(NamedTuple):
    """From `at` on the arrival of that place in the list counts, or counts no more."""

    at: int
    place: int
    counts: bool


def steps(arrivals: Sequence[Arrival]) -> Iterator[Step]:
    """What comes to count and ceases to, unit by unit in order. `arrivals`: those of one unit lie together, in order.

    What ceases comes before what takes its place.
    """
    groups: dict[tuple[str, int], list[int]] = {}
    counting: set[int] = set()
    unit, at = "", 0
    for place, one in enumerate(arrivals):
        # Of one unit nothing happens before what came earlier.
        at = max(at, one.received) if one.unit == unit else one.received
        unit = one.unit
        if not one.group:
            yield Step(at, place, True)
            continue
        known = groups.setdefault((one.unit, one.group), [])
        known.append(place)
        now = {known[n] for n in _counting([arrivals[n] for n in known])}
        before = counting.intersection(known)
        yield from (Step(at, old, False) for old in sorted(before - now))
        yield from (Step(at, new, True) for new in sorted(now - before))
        counting.difference_update(known)
        counting |= now


def _counting(facts: Sequence[Arrival]) -> set[int]:
    """Places of the facts that count, of those that are tied together and have arrived."""
    newest = max(one.received for one in facts)
    if newest <= min(one.time for one in facts) + _REACH_MS:
        return {n for n in range(len(facts)) if _counts(facts, n)}
    # An event is judged by what was received up to 30 days after its time.
    found = set()
    for n, fact in enumerate(facts):
        seen = [one for one in facts if one is fact or one.received <= fact.time + _REACH_MS]
        if _counts(seen, seen.index(fact)):
            found.add(n)
    return found


def _counts(facts: Sequence[Arrival], n: int) -> bool:
    if facts[n].type == RETRACTED or not _is_reached(facts, n):
        return False
    return not any(
        _target(facts, other) == n and not _is_wrong(facts, other) for other in range(len(facts))
    )


def _is_reached(facts: Sequence[Arrival], n: int) -> bool:
    """Whether it and all above it win, and a beginning is above it."""
    passed = set()
    while facts[n].supersedes:
        target = _target(facts, n)
        ends = target is not None and facts[target].type == RETRACTED
        if n in passed or ends or _is_wrong(facts, n) or _loses(facts, n):
            return False
        passed.add(n)
        if target is None:
            return True
        n = target
    return True


def _target(facts: Sequence[Arrival], n: int) -> int | None:
    """What it corrects, if that has arrived and is in reach: the latest."""
    named = facts[n].supersedes
    there = [
        other
        for other, one in enumerate(facts)
        if named and other != n and one.id == named and _bear(one, facts[n])
    ]
    return there[-1] if there else None


def _is_wrong(facts: Sequence[Arrival], n: int) -> bool:
    """Of another type than its target."""
    target = _target(facts, n)
    if target is None or RETRACTED in (facts[n].type, facts[target].type):
        return False
    return facts[n].type != facts[target].type


def _loses(facts: Sequence[Arrival], n: int) -> bool:
    return any(
        one.supersedes == facts[n].supersedes
        and one.rank > facts[n].rank
        and _bear(one, facts[n])
        and not _is_wrong(facts, other)
        for other, one in enumerate(facts)
        if other != n
    )


def _bear(one: Arrival, other: Arrival) -> bool:
    return min(one.time, other.time) >= max(one.received, other.received) - _REACH_MS
