"""The format of state records: each begins with one byte for it.

    format 1   as shipped first: no such byte; its values begin with a digit, `{` or a msgpack array
    format 2   0x02, then the same value

A worker reads both and writes 2. A format that it does not know, or a value that it cannot parse, ends the take-over
with one line that names the record and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

FORMAT: Final = 2
_MARK: Final = bytes((FORMAT,))
_FIRST_UNMARKED: Final = 0x20
"""Values of format 1 begin with this byte or a greater one, marks are less."""


class UnreadableStateError(ValueError):
    """A record of state that this version cannot read."""


def marked(value: bytes) -> bytes:
    """A value as it goes to the state topic."""
    return _MARK + value


def unmarked(key: bytes, value: bytes) -> bytes:
    """The value without its mark. Raises `UnreadableStateError` for a format that is none of ours."""
    if value[:1] == _MARK:
        return value[1:]
    if value and value[0] < _FIRST_UNMARKED:
        raise UnreadableStateError(
            f"state record {name_of(key)} has format {value[0]}, this version reads 1 and {FORMAT}: "
            "start the version that wrote it, or rebuild with `pantau replay`"
        )
    return value


def unreadable(key: bytes) -> UnreadableStateError:
    """The error for a record that cannot be parsed. It does not repeat the value: that may be personal."""
    return UnreadableStateError(
        f"state record {name_of(key)} cannot be read: it is broken or of another version; rebuild with `pantau replay`"
    )


@contextmanager
def restoring(key: bytes) -> Iterator[None]:
    """Whatever fails in the block is an `UnreadableStateError` of the record `key`."""
    try:
        yield
    except Exception:  # noqa: BLE001 - broken bytes may fail anywhere in what reads them
        raise unreadable(key) from None


def name_of(key: bytes | str) -> str:
    """A key for a message: short, and printable whatever it holds."""
    return ascii(key[:80]).removeprefix("b")
