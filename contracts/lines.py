"""Newline-delimited JSON in a Kafka record's value: joining lines into values and taking them
apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.topics import MAX_RECORD_BYTES


def pack(lines: Sequence[bytes], limit: int = MAX_RECORD_BYTES) -> Iterator[bytes]:
    """Join `lines` (no newline in any) in order into as few values as fit in `limit` bytes each.

    A value ends without a newline, so that line i of a value is `split(value)[i]`. Raises
    `ValueError` for a line that is longer than `limit`.
    """
    batch: list[bytes] = []
    size = -1
    for line in lines:
        if len(line) > limit:
            raise ValueError(
                f"a line of {len(line)} bytes does not fit in a record of {limit}: refuse it first"
            )
        if batch and size + 1 + len(line) > limit:
            yield b"\n".join(batch)
            batch, size = [], -1
        batch.append(line)
        size += 1 + len(line)
    if batch:
        yield b"\n".join(batch)


def split(value: bytes) -> list[bytes]:
    """Lines of a record's value, in order; the index is the line's position. A newline at the end
    starts no further line.
    """
    lines = value.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
