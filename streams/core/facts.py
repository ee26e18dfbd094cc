"""Facts: what must be kept of an accepted event, and the chunks that hold them.

A fact never changes. What counts is derived from the facts of a unit (`ledger`), so state is
append-only: a chunk of at most 16 facts of one unit and local day is rewritten when a fact joins it,
some hundred bytes whatever the windows are.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

CHUNK_FACTS: Final = 16

_HEADER: Final = 3  # msgpack array16: 0xdc and a big-endian count


class Fact(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One accepted event. Times are epoch ms.

    `kind`: number of the event type (`contributions.KIND_OF`); `digest`: equal for equal events;
    `payload`: what its kind adds to a window (`contributions`); `recorded`: when the statement was made;
    `target`: id of the event it supersedes, or ''.
    """

    id: str
    digest: bytes
    kind: int
    time: int
    received: int
    recorded: int
    target: str
    payload: Any = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Fact]).decode


class Chunk:
    """Up to `CHUNK_FACTS` facts of one unit and local day, packed. `number` counts the day's chunks from 0.

    `is_dirty`: facts have joined it since it was last written.
    """

    __slots__ = ("body", "count", "day", "is_dirty", "number")

    def __init__(self, day: int, number: int, packed: bytes = b"") -> None:
        self.day = day
        self.number = number
        self.body = bytearray(packed[_HEADER:])
        self.count = int.from_bytes(packed[1:_HEADER], "big") if packed else 0
        self.is_dirty = False

    def append(self, fact: Fact) -> None:
        """Adds a fact; the caller sees to it that the chunk is not full."""
        self.body += _encode(fact)
        self.count += 1

    def written(self) -> bytes:
        """All facts, to be written now."""
        self.is_dirty = False
        return self.packed()

    def packed(self) -> bytes:
        """All facts as one msgpack array."""
        return b"\xdc" + self.count.to_bytes(2, "big") + self.body

    def facts(self) -> list[Fact]:
        """All facts, in order of arrival."""
        return _decode(self.packed())
