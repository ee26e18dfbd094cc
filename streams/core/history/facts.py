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


class Raw(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A line as it came: where it lies in its partition, the record's key, and its bytes."""

    offset: int
    line: int
    key: bytes
    value: bytes


class Fact(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One accepted event. Times are epoch ms.

    `kind`: number of the event type (`contributions.KIND_OF`); `digest`: equal for equal events;
    `payload`: what its kind adds to a window (`contributions`); `recorded`: when the statement was made;
    `target`: id of the event it supersedes, or ''; `raw`: of one with a target, for the dead letter it may become.
    """

    id: str
    digest: bytes
    kind: int
    time: int
    received: int
    recorded: int
    target: str
    payload: Any = None
    raw: Raw | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Fact]).decode


class Chunk:
    """Up to `CHUNK_FACTS` facts of one unit and local day. `number` counts the day's chunks from 0.

    What was written is kept packed, what has joined since is packed when it is written.
    """

    __slots__ = ("_joined", "_packed", "count", "day", "number")

    def __init__(self, day: int, number: int, packed: bytes = b"") -> None:
        self.day = day
        self.number = number
        self.count = int.from_bytes(packed[1:_HEADER], "big") if packed else 0
        self._packed = packed[_HEADER:]
        self._joined: list[Fact] = []

    def append(self, fact: Fact) -> bool:
        """Adds a fact; the caller sees to it that the chunk is not full. True for the first since it was written."""
        joined = self._joined
        joined.append(fact)
        self.count += 1
        return len(joined) == 1

    def written(self) -> bytes:
        """All facts as one msgpack array, to be written now."""
        array = _encode(self._joined)
        # Up to 15 items have a header of one byte, 16 one of three.
        self._packed += array[1 if len(self._joined) < CHUNK_FACTS else _HEADER :]
        self._joined.clear()
        return self._array(self.count, self._packed)

    def facts(self) -> list[Fact]:
        """All facts, in order of arrival."""
        return [
            *_decode(self._array(self.count - len(self._joined), self._packed)),
            *self._joined,
        ]

    @staticmethod
    def _array(count: int, packed: bytes) -> bytes:
        return b"\xdc" + count.to_bytes(2, "big") + packed
