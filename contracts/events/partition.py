"""The partition of a unit: Kafka's murmur2 over the UTF-8 of the unit id."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Murmur2 as in Kafka's `Utils.murmur2`, as a signed 32-bit integer."""
    length = len(data)
    value = (_SEED ^ length) & _MASK
    aligned = length & ~3
    for at in range(0, aligned, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _M & _MASK
        word = (word ^ word >> 24) * _M & _MASK
        value = value * _M & _MASK ^ word
    if length > aligned:
        value = (value ^ int.from_bytes(data[aligned:], "little")) * _M & _MASK
    value = (value ^ value >> 13) * _M & _MASK
    value ^= value >> 15
    return value - (1 << 32) if value >> 31 else value


@lru_cache(maxsize=65_536)
def partition_of(unit_id: str, count: int) -> int:
    """Partition of `unit_id`'s events in a topic of `count` partitions."""
    return (murmur2(unit_id.encode()) & 0x7FFFFFFF) % count
