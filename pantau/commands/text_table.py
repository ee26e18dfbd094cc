"""A table of text, for people who read a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def text_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines with columns as wide as they need; numbers to the right, None as `-`."""
    texts = [head, *([("-" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in texts) for at in range(len(head))]
    lines = []
    for row in texts:
        cells = (
            cell.rjust(width) if cell.lstrip("-").isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return lines
