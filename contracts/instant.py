"""RFC 3339 to epoch milliseconds: exact (cut to the millisecond, never rounded) and cheap (a lookup a minute and a lookup a second)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from contracts.codes import Code

_HEAD: Final = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:"
)
_TAIL: Final = re.compile(
    r"([0-5][0-9])(?:\.([0-9]+))?(?:([Zz])|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))?"
)
_HEAD_LENGTH: Final = len("2026-11-24T03:42:")
_CACHE_SIZE: Final = 100_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_heads: dict[str, int] = {}
_tails: dict[str, int] = {}


class BadInstant(ValueError):
    """The text is no instant. `code` is NO_OFFSET or NOT_RFC3339."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.value)
        self.code = code


def epoch_ms(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 date-time with an offset; what is finer than a millisecond is cut off.

    Raises `BadInstant`. A leap second (`:60`) is refused: no clock of a device should show one.
    """
    try:
        return _heads[text[:_HEAD_LENGTH]] + _tails[text[_HEAD_LENGTH:]]
    except KeyError:
        return _parsed(text)


def _parsed(text: str) -> int:
    head, tail = text[:_HEAD_LENGTH], text[_HEAD_LENGTH:]
    match = _TAIL.fullmatch(tail)
    if match is None or _HEAD.fullmatch(head) is None:
        raise BadInstant(Code.NOT_RFC3339)
    seconds, fraction, zulu, sign, hours, minutes = match.groups()
    try:
        start = datetime.strptime(head.upper().replace(" ", "T"), "%Y-%m-%dT%H:%M:").replace(
            tzinfo=UTC
        )
    except ValueError as error:
        raise BadInstant(Code.NOT_RFC3339) from error
    if zulu is None and sign is None:
        raise BadInstant(Code.NO_OFFSET)
    offset_ms = (
        0 if zulu else (int(hours) * 60 + int(minutes)) * (-60_000 if sign == "-" else 60_000)
    )
    since = start - _EPOCH
    head_ms = since.days * 86_400_000 + since.seconds * 1000
    tail_ms = int(seconds) * 1000 + int((fraction or "")[:3].ljust(3, "0")) - offset_ms
    _remember(_heads, head, head_ms)
    if len(fraction or "") <= 3:
        # Finer fractions hardly ever come twice: they would only push out the others.
        _remember(_tails, tail, tail_ms)
    return head_ms + tail_ms


def _remember(cache: dict[str, int], text: str, value: int) -> None:
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    cache[text] = value
