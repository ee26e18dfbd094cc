"""The rule of `illness_reported`: ill and absent-ill of one recipient on one local day against what to expect."""

from __future__ import annotations

from typing import Final, NamedTuple

from audit.recompute.outbreaks.chances import any_of, tail
from audit.recompute.outbreaks.expected import AbsentOn, ExpectedIll
from audit.recompute.outbreaks.reported import Reported

_LEVELS: Final = (0.1, 0.01)
"""Pantau, waspada: by the chance that any recipient of the region shows so much on a day."""
_LEAST_PEOPLE: Final = 3
_TESTS: Final = 2


class ReportFound(NamedTuple):
    """`level`: 0 as expected, 1 pantau, 2 waspada; `events`: ids that it depends on."""

    level: int
    events: frozenset[str]


def judge_report(
    recipient: str, day: int, known: Reported, ill: ExpectedIll, absent: AbsentOn
) -> ReportFound | None:
    """None: it is not registered, or reported neither attendance nor people ill on that day."""
    row = ill.fed.rows.get(recipient)
    call = known.call(recipient, day)
    noticed = [
        one
        for one in known.ill(f"recipient/{recipient}")
        if one.sort == "noticed" and known.day_of(one.began) == day
    ]
    if row is None or (call is None and not noticed):
        return None
    away = 0
    chance_absent = 1.0
    if call is not None:
        away = call.absent
        mean = absent.expected.mean(call) * absent.wave([recipient])
        chance_absent = tail(away, mean, mean + absent.expected.spread * mean * mean)
    people = sum(one.people for one in noticed)
    rate = ill.at((), {recipient: row.registered})
    mean = rate.mean * row.registered
    chance_ill = tail(people, mean, mean * ill.clumping + mean * mean / rate.shape)
    chance = any_of(any_of(min(chance_absent, chance_ill), _TESTS), len(ill.fed.rows))
    level = sum(chance <= limit for limit in _LEVELS) if max(people, away) >= _LEAST_PEOPLE else 0
    events = frozenset(one.key[1] for one in (*noticed, *((call,) if call else ())))
    return ReportFound(level, events)
