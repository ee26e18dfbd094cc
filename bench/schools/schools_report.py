"""docs/bench/schools.md."""

from __future__ import annotations

from typing import NamedTuple

from bench.latency.latency_report import cells

_TEXT = """\
# All recipients answer within minutes

    python -m bench.schools --minutes {minutes:g}

{machine}. {date}.

{answered:,} recipients of the region each send who is present, once, at a random moment of {minutes:g} minutes, each over a connection of
its own; beside them `pantau up --simulate` plays the kitchens, clinics and recipients of a day in 20 minutes (demo clock), and one wall
is open. All on this machine. Of one recipient at a time the receipt is followed.

| | p50, ms | p99, ms | greatest, ms |
|---|---:|---:|---:|
| from the connection to the 202, of {answered:,} | {answers} |
| from the 202 until the receipt says ClickHouse, of {followed:,} | {stored_after} |
| from the 202 until the receipt says a wall, of {followed:,} | {shown_after} |

202 for {answered:,} of them, {again:,} times after a 429 or 503; ClickHouse holds {stored:,} of their events exactly once.
"""


class Answers(NamedTuple):
    """Seconds: until the 202 of each; from it until ClickHouse and until a wall, of those that were followed. `again`: how often
    each was sent again.
    """

    answered: list[float]
    again: list[int]
    stored: list[float]
    shown: list[float]


def write(answers: Answers, stored: int, minutes: float, machine: str, date: str) -> str:
    """The page. `stored`: events that ClickHouse holds exactly once."""
    return _TEXT.format(
        minutes=minutes,
        machine=machine,
        date=date,
        answered=len(answers.answered),
        again=sum(answers.again),
        followed=len(answers.shown),
        answers=cells(answers.answered),
        stored_after=cells(answers.stored),
        shown_after=cells(answers.shown),
        stored=stored,
    )
