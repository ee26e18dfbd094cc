"""Chunks: the records of state that hold facts.

A unit's facts of one local day lie in chunks of at most 16. A chunk is rewritten when a fact joins it: some
hundred bytes a flush, however long the windows are.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.core.history.facts import Fact

CHUNK_FACTS: Final = 16

_HEADER: Final = 3  # msgpack array16: 0xdc and a big-endian count
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Fact]).decode


class Chunk:
    """Up to `CHUNK_FACTS` facts of one unit and local day. `number` counts the day's chunks from 0.

    Facts that were written stay packed: a worker holds millions, and unpacked they take ten times the memory.
    """

    __slots__ = ("_joined", "_packed", "count", "day", "number")

    def __init__(self, day: int, number: int, packed: bytes = b"") -> None:
        self.day = day
        self.number = number
        self.count = int.from_bytes(packed[1:_HEADER], "big") if packed else 0
        self._packed = packed[_HEADER:]
        self._joined: list[Fact] = []

    def append(self, fact: Fact) -> bool:
        """Adds a fact to a chunk that is not full. True if it is the first since the chunk was written."""
        joined = self._joined
        joined.append(fact)
        self.count += 1
        return len(joined) == 1

    def written(self) -> bytes:
        """All facts as one msgpack array; what has joined is packed by this."""
        array = _encode(self._joined)
        # msgpack: an array of up to 15 items has a header of one byte, one of 16 a header of three.
        self._packed += array[1 if len(self._joined) < CHUNK_FACTS else _HEADER :]
        self._joined.clear()
        return self._array(self.count, self._packed)

    def facts(self) -> list[Fact]:
        """All facts, in order of arrival. Raises `msgspec.MsgspecError` if restored bytes are none."""
        return [
            *_decode(self._array(self.count - len(self._joined), self._packed)),
            *self._joined,
        ]

    @staticmethod
    def _array(count: int, packed: bytes) -> bytes:
        return b"\xdc" + count.to_bytes(2, "big") + packed
