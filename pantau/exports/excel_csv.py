"""CSV as an Indonesian Excel opens it by a double click: `;`, BOM, decimal comma."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
FEWEST: Final = 5
"""Counts of people below it are not shown where a table is public: who they are could be guessed."""

CsvCell = str | int | float | None


def masked(value: int | None) -> int | str | None:
    """A count as the public may see it: 1 to 4 become `<5`."""
    return f"<{FEWEST}" if value is not None and 0 < value < FEWEST else value


def excel_csv(rows: Iterable[Sequence[CsvCell]]) -> bytes:
    """The file. A text that Excel would take for a formula is led by `'`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _text(cell: CsvCell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.10g}".replace(".", ",")
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return str(cell)
