"""A table of an export on A4 sheets, with its head once and its columns' names on every sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace

from contracts.time.windows import GROUPS
from pantau.exports.excel_csv import CsvCell
from pantau.paper.paper_page import new_paper, plain

_SIZE: Final = (297.0, 210.0)
_MARGIN: Final = 10.0
_LARGEST: Final = 8.0
"""Points."""
_MEASURED: Final = 10.0
"""Points at which widths are measured."""
_WIDEST: Final = 42.0
"""Millimetres at that size: longer names are broken between words."""
_PADDING: Final = 0.7
_LEFT_OUT: Final = "Kelompok tanpa penerima tidak ditulis. Kosong: belum ada laporan."


def table_sheets(rows: Sequence[Sequence[CsvCell]]) -> bytes:
    """A PDF of the same cells as the CSV of `rows`: head, an empty row, names of the columns, lines."""
    end = next(at for at, row in enumerate(rows) if not row)
    columns = _columns(rows[end + 1], rows[end + 2 :])
    lines = [[_text(row[at]) for at in columns] for row in rows[end + 1 :]]
    pdf = new_paper(_SIZE, _MARGIN, str(rows[0][0]))
    for number, head in enumerate(rows[:end]):
        pdf.set_font(style="" if number else "B", size=9 if number else 13)
        text = plain(" - ".join(map(_text, head)))
        pdf.multi_cell(
            0, 4.5 if number else 6, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
    pdf.ln(2)
    measured = [_width(pdf, [line[at] for line in lines]) for at in range(len(columns))]
    # A little less than fits: no figure is broken in two.
    room = pdf.epw * 0.98 - 2 * _PADDING * len(columns)
    letters = min(_LARGEST, _MEASURED * room / sum(measured))
    widths = [width * letters / _MEASURED + 2 * _PADDING for width in measured]
    pdf.set_font(style="", size=letters)
    align = tuple(
        "RIGHT" if _is_number([row[at] for row in rows[end + 2 :]]) else "LEFT" for at in columns
    )
    with pdf.table(
        col_widths=tuple(widths),
        text_align=align,
        line_height=letters * 0.45,
        borders_layout=TableBordersLayout.ALL,
        headings_style=FontFace(emphasis="BOLD"),
        padding=(0.4, _PADDING),
        v_align=VAlign.T,
    ) as table:
        for line in lines:
            table.row(tuple(map(plain, line)))
    pdf.set_font(style="", size=7)
    pdf.cell(0, 5, _LEFT_OUT)
    return bytes(pdf.output())


def _columns(names: Sequence[CsvCell], lines: Sequence[Sequence[CsvCell]]) -> list[int]:
    """All but those of groups that nobody is registered in or has eaten in."""
    used = {_group(name) for at, name in enumerate(names) if any(line[at] for line in lines)}
    return [at for at, name in enumerate(names) if _group(name) in used or not _group(name)]


def _group(name: CsvCell) -> str:
    """Of a column `sd makan`; empty for other columns."""
    first = str(name).split(" ", maxsplit=1)[0]
    return first if first in GROUPS else ""


def _text(cell: CsvCell) -> str:
    return "" if cell is None else str(cell)


def _width(pdf: FPDF, cells: Sequence[str]) -> float:
    """Millimetres that the longest cell needs, or the longest word of one that is broken."""
    name, *others = map(plain, cells)
    pdf.set_font(style="B", size=_MEASURED)
    words = [pdf.get_string_width(word) for word in name.split()]
    pdf.set_font(style="", size=_MEASURED)
    for cell in others:
        words.append(min(pdf.get_string_width(cell), _WIDEST))
        words += map(pdf.get_string_width, cell.split())
    return max(words)


def _is_number(cells: Sequence[CsvCell]) -> bool:
    return any(isinstance(one, int) or str(one).startswith("<") for one in cells)
