"""Dead letters of what never reached an event topic, as table lines of `dead_letters`."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from contracts.events.codes import Code, Refusal
from contracts.events.event_types import MAX_EVENT_BYTES
from contracts.registry.entities import Registry
from contracts.results.table_rows import (
    LETTERS_IN_FULL,
    DeadLetterRow,
    encode_row,
    more_refused,
)
from contracts.time.clock import rfc3339
from contracts.time.days import day_to_iso
from contracts.time.instant import BadInstantError, epoch_ms
from producers.ingest.judging.judge import Rejected

TABLE: Final = "dead_letters"
NO_PLACE: Final = "ingest"
"""`topic` of a letter that never reached one."""
_NOWHERE: Final = -1
_CUT: Final = " (only the first 64 KiB are kept)"


class _Timed(msgspec.Struct):
    time: str


_timed: Final = msgspec.json.Decoder(_Timed)


def _event_day(registry: Registry, region: str, line: bytes) -> str | None:
    if not region:
        return None
    try:
        return day_to_iso(registry.local_day(region, epoch_ms(_timed.decode(line).time)))
    except (BadInstantError, ValueError, OverflowError, RecursionError):
        return None


def _letter_id(unit_id: str, refusal: Refusal, copy: int, content: bytes) -> str:
    """The same for a line that a device sends again, so that a retry makes no second letter.

    Copies in one request differ.
    """
    place = f"{unit_id}\0{refusal.code}\0{copy}\0".encode()
    return hashlib.sha256(place + content).hexdigest()[:32]


def letters_of(
    rejected: Sequence[Rejected],
    unit_id: str,
    registry: Registry,
    received_ms: int,
    in_full: int = LETTERS_IN_FULL,
) -> list[bytes]:
    """A table line for each of the first `in_full`, in order, and one that counts the others.

    `unit_id`: the token's unit, which answers for what it sent. A line beyond 64 KiB is cut: a
    letter must fit a record.
    """
    region = registry.region_of_source(unit_id) or ""
    received = rfc3339(received_ms)
    copies: Counter[tuple[str, bytes]] = Counter()

    def letter(one: Rejected, content: bytes) -> bytes:
        refusal = one.refusal
        copy = copies[refusal.code, content]
        copies[refusal.code, content] += 1
        cut = len(refusal.line) > MAX_EVENT_BYTES
        row = DeadLetterRow(
            letter_id=_letter_id(unit_id, refusal, copy, content),
            received_at=received,
            region=region,
            unit_id=unit_id,
            code=refusal.code,
            detail=refusal.detail + _CUT if cut else refusal.detail,
            attempts=1,
            topic=NO_PLACE,
            partition=_NOWHERE,
            offset=_NOWHERE,
            line=one.index,
            event_day=_event_day(registry, region, refusal.line),
            key=base64.b64encode(unit_id.encode()).decode(),
            bytes=base64.b64encode(refusal.line[:MAX_EVENT_BYTES]).decode(),
        )
        return encode_row(row)

    letters = [letter(one, one.refusal.line) for one in rejected[:in_full]]
    others = rejected[in_full:]
    if others:
        digest = hashlib.sha256()
        for one in others:
            digest.update(hashlib.sha256(one.refusal.line).digest())
        letters.append(letter(_counted(others), digest.digest()))
    return letters


def _counted(others: Sequence[Rejected]) -> Rejected:
    codes = (one.refusal.code for one in others)
    place = f"this request, places {others[0].index} to {others[-1].index}"
    detail = f"{more_refused(codes, place)} The answer to the device named each."
    return Rejected(others[0].index, Refusal(Code.MORE_REFUSED, detail))
