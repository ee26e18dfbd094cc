"""Newline-delimited JSON in a Kafka record's value: joining lines into values and taking them
apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from contracts.results.topics import MAX_RECORD_BYTES


def pack(lines: Sequence[bytes], limit: int = MAX_RECORD_BYTES) -> Iterator[bytes]:
    """Join `lines` (no newline in any) in order into as few values as fit in `limit` bytes each.

    A value ends without a newline, so that line i of a value is `split(value)[i]`. Raises
    `ValueError` for a line that is longer than `limit`.
    """
    ends = list(accumulate(len(line) + 1 for line in lines))
    start = sent = 0
    while start < len(lines):
        stop = bisect_right(ends, sent + limit + 1)
        if stop == start:
            raise ValueError(
                f"a line of {len(lines[start])} bytes does not fit in a record of {limit}: refuse it first"
            )
        yield b"\n".join(lines[start:stop])
        start, sent = stop, ends[stop - 1]


MAX_SPLIT_BYTES: Final = 1 << 20
"""A value that is not compressed has fewer: the broker refuses it. A compressed one may have millions of lines in a few bytes."""


def split(value: bytes) -> list[bytes]:
    """Lines of a record's value, in order; the index is the line's position. A newline at the end
    starts no further line. A value of more than `MAX_SPLIT_BYTES` is one line, which is refused.
    """
    if len(value) > MAX_SPLIT_BYTES:
        return [value]
    lines = value.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
