"""Dead letters: each refused line must have one, and what Kafka holds must be in the store.

A letter that the store lacks is an event that nobody hears of again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from audit.kafka_lines import EventLog
from audit.landed import Days, settled
from audit.report import MAX_DIFFERENCES, Compared, Difference
from audit.scope import Scope
from audit.scratch import Scratch
from contracts.events.codes import Code
from contracts.events.lines import split
from contracts.results.table_rows import LETTERS_IN_FULL
from contracts.results.topics import DEAD_LETTERS
from contracts.time.instant import epoch_ms
from contracts.unreadable import UNREADABLE

_CHUNK: Final = 100_000
"""Letters that are compared at once."""


class _Letter(msgspec.Struct):
    letter_id: str
    received_at: str
    region: str = ""
    unit_id: str = ""


class _Logged(NamedTuple):
    """A line of the topic; without `letter_id` it is no letter, so the sink must have set it aside."""

    letter_id: str
    unit: str
    offset: int
    line: int

    @property
    def difference(self) -> Difference:
        name = self.letter_id or f"{DEAD_LETTERS}/{self.offset}/{self.line}"
        return _difference(self.unit, "absent", "on Kafka", name)


def logged(scratch: Scratch, log: EventLog, days: Days, patience_s: float) -> Compared:
    """Compare the letters of the region and its days, and those of no region, with the store.

    The sink may be behind: it is waited for as long as it goes on, at most `patience_s` without a step.
    """
    result = Compared()
    letters = _logged(log, days)
    while some := list(islice(letters, _CHUNK)):
        result.rows += len(some)
        scratch.run("letters/70_logged_letters")
        scratch.insert("logged_letters", ("letter_id", "unit_id", "offset", "line"), some)
        for one in settled(partial(_lost, scratch), patience_s):
            result.add(one.difference)
    return result


def refused(scratch: Scratch, scope: Scope) -> Compared:
    """The lines of the audited days that are refused or in conflict and have no letter; what is compared is not counted."""
    result = Compared()
    for unit, event, *place in scratch.rows_of(
        "letters/72_refused_without_letter",
        **scope.parameters(scope.days),
        in_full=LETTERS_IN_FULL,
        counted=Code.MORE_REFUSED.value,
        most=MAX_DIFFERENCES + 1,
    ):
        result.add(_difference(unit, "absent", "present", event or "/".join(map(str, place))))
    return result


def _difference(unit: str, stored: str, recomputed: str, name: str) -> Difference:
    return Difference("dead_letters", "unit", unit, "", "", "", "line", stored, recomputed, (name,))


def _logged(log: EventLog, days: Days) -> Iterator[_Logged]:
    begin, end = days.span_ms()
    for record in log.letters():
        for number, line in enumerate(split(record.value)):
            try:
                letter = msgspec.json.decode(line, type=_Letter)
                ours = begin <= epoch_ms(letter.received_at) < end
            except UNREADABLE:
                yield _Logged("", "", record.offset, number)
                continue
            if ours and letter.region in ("", days.region):
                yield _Logged(letter.letter_id, letter.unit_id, record.offset, number)


def _lost(scratch: Scratch) -> list[_Logged]:
    rows = scratch.rows_of("letters/71_lost_letters", topic=DEAD_LETTERS)
    return [_Logged(str(row[0]), str(row[1]), int(row[2]), int(row[3])) for row in rows]
