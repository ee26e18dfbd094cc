"""Which events of each source are refused and not yet seen to. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from contracts.events.event_types import TYPES
from contracts.results.table_rows import DeadLetterRow, LetterActionRow
from contracts.time.instant import epoch_ms
from contracts.unreadable import UNREADABLE

_DAY_MS: Final = 86_400_000
_ID_CHARS: Final = 100


class LetterPlace(NamedTuple):
    """Where a letter lies on its topic: later ones are greater. As text `offset.line`, with which a page ends."""

    offset: int
    line: int

    def __str__(self) -> str:
        return f"{self.offset}.{self.line}"


def read_place(text: str) -> LetterPlace:
    """Raises `ValueError`."""
    if not re.fullmatch(r"[0-9]{1,18}\.[0-9]{1,9}", text, re.ASCII):
        raise ValueError("no place of a letter")
    return LetterPlace(*map(int, text.split(".")))


class SourceLetter(NamedTuple):
    """One refused event. `id`, `type`: of the event, where both can be read and the type is one of the contract's."""

    place: LetterPlace
    letter_id: str
    id: str | None
    type: str | None
    code: str
    detail: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class LetterLimits:
    """How much is remembered: the newest."""

    of_source: int = 100
    of_all: int = 20_000
    retries: int = 10_000
    days: int = 30


class _Named(msgspec.Struct):
    id: str | None = None
    type: str | None = None


_named: Final = msgspec.json.Decoder(_Named)


class SourceLetters:
    """What each source has to mend. Sent again or discarded by an operator, a letter is seen to."""

    def __init__(self, limits: LetterLimits = LetterLimits()) -> None:
        self._limits = limits
        self._by_source: dict[str, dict[str, SourceLetter]] = {}
        self._source_of: dict[str, str] = {}
        self._retried: dict[tuple[str, int, int], str] = {}

    def take(self, row: DeadLetterRow, place: LetterPlace) -> None:
        """A letter, in the order of the topic. Raises `ValueError` for one whose time cannot be read."""
        # Streams may not know whose line an operator has sent again.
        source = row.unit_id or self._retried.get((row.topic, row.partition, row.offset), "")
        if not source:
            return
        id_, type_ = _name_of(row.bytes)
        letter = SourceLetter(
            place, row.letter_id, id_, type_, row.code, row.detail, epoch_ms(row.received_at)
        )
        self._forget(row.letter_id)
        own = self._by_source.setdefault(source, {})
        own[row.letter_id] = letter
        self._source_of[row.letter_id] = source
        if len(own) > self._limits.of_source:
            self._forget(next(iter(own)))
        if len(self._source_of) > self._limits.of_all:
            self._forget(next(iter(self._source_of)))

    def act(self, row: LetterActionRow) -> None:
        """An operator has sent the letter's line again, or laid it aside."""
        source = self._forget(row.letter_id)
        if source is not None and row.action == "retry":
            self._retried[row.topic, row.partition, row.offset] = source
            if len(self._retried) > self._limits.retries:
                del self._retried[next(iter(self._retried))]

    def of(self, source: str, now_ms: int) -> list[SourceLetter]:
        """Of one unit or recipient, the newest first. `now_ms`: the region's clock."""
        since = now_ms - self._limits.days * _DAY_MS
        own = self._by_source.get(source, {})
        return [one for one in reversed(own.values()) if one.received_ms >= since]

    def _forget(self, letter_id: str) -> str | None:
        """Its source, if it was there."""
        source = self._source_of.pop(letter_id, None)
        if source is not None:
            own = self._by_source[source]
            del own[letter_id]
            if not own:
                del self._by_source[source]
        return source


def _name_of(line_base64: str) -> tuple[str | None, str | None]:
    try:
        found = _named.decode(b64decode(line_base64))
    except UNREADABLE:
        return None, None
    id_ = found.id if found.id is not None and len(found.id) <= _ID_CHARS else None
    return id_, found.type if found.type in TYPES else None
