"""RFC 3339 to epoch milliseconds: exact (cut to the millisecond, never rounded) and cheap: three
look-ups, of the minute, the second, and what follows it, in dictionaries small enough for the processor's caches.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from contracts.events.codes import Code

_HEAD: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([01][0-9]|2[0-3]):([0-5][0-9]):")
_TAIL: Final = re.compile(r"(?:\.([0-9]+))?(?:([Zz])|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))?")
_SECOND: Final = len("2026-11-24T03:42:")
_AFTER: Final = len("2026-11-24T03:42:07")
_CACHE_SIZE: Final = 50_000
"""A second has 1,000 milliseconds, each in the few ways (Z, +07:00) that devices write them."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


class BadInstantError(ValueError):
    """The text is no instant; the message says so. `code` is NO_OFFSET or NOT_RFC3339."""

    def __init__(self, code: Code) -> None:
        no_offset = code is Code.NO_OFFSET
        super().__init__("has no UTC offset" if no_offset else "is no RFC 3339 date-time")
        self.code = code


def epoch_ms(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 date-time with an offset; what is finer than a millisecond
    is cut off.

    Raises `BadInstantError`. A leap second (`:60`) is refused: no clock of a device should show
    one.
    """
    return _heads[text[:_SECOND]] + _seconds[text[_SECOND:_AFTER]] + _tails[text[_AFTER:]]


class _Heads(dict[str, int]):
    """`2026-11-24T03:42:` -> milliseconds of that minute, as if in UTC."""

    def __missing__(self, head: str) -> int:
        match = _HEAD.fullmatch(head)
        if match is None:
            raise BadInstantError(Code.NOT_RFC3339)
        year, month, day, hour, minute = map(int, match.groups())
        try:
            days = date(year, month, day).toordinal() - _EPOCH
        except ValueError as error:
            raise BadInstantError(Code.NOT_RFC3339) from error
        if len(self) >= _CACHE_SIZE:
            self.clear()
        self[head] = value = (days * 1440 + hour * 60 + minute) * 60_000
        return value


class _Seconds(dict[str, int]):
    """`07` -> 7,000."""

    def __missing__(self, second: str) -> int:
        raise BadInstantError(Code.NOT_RFC3339)


class _Tails(dict[str, int]):
    """`.120+07:00` -> milliseconds of the fraction, less the offset."""

    def __missing__(self, tail: str) -> int:
        match = _TAIL.fullmatch(tail)
        if match is None:
            raise BadInstantError(Code.NOT_RFC3339)
        fraction, zulu, sign, hours, minutes = match.groups(default="")
        if not zulu and not sign:
            raise BadInstantError(Code.NO_OFFSET)
        value = int(fraction[:3].ljust(3, "0"))
        if sign:
            value -= int(sign + "1") * (int(hours) * 60 + int(minutes)) * 60_000
        if len(fraction) <= 3:
            # Finer fractions hardly ever come twice: they would only push out the others.
            if len(self) >= _CACHE_SIZE:
                self.clear()
            self[tail] = value
        return value


_heads: Final = _Heads()
_seconds: Final = _Seconds((f"{second:02}", second * 1000) for second in range(60))
_tails: Final = _Tails()


def rfc3339(instant_ms: int) -> str:
    """`2026-11-24T03:42:07.120Z` of epoch milliseconds; whole seconds carry no fraction."""
    second, fraction = divmod(instant_ms, 1000)
    text = _second_text(second)
    return f"{text}.{fraction:03d}Z" if fraction else f"{text}Z"


@lru_cache(maxsize=4_096)
def _second_text(epoch_s: int) -> str:
    # Rows and events of one second share it: writing it costs four times as much as a look-up.
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
