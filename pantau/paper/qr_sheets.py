"""Sheets of QR codes to cut apart: one code for each place, with its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import segno
from fpdf import FPDF

from pantau.paper.paper_page import new_paper, plain

_COLUMNS: Final = 2
_ROWS: Final = 4
_MARGIN: Final = 8.0
_WIDTH: Final = 210.0
_HEIGHT: Final = 297.0
_CODE: Final = 44.0
_QUIET: Final = 4
"""Modules around a code that stay white."""
_CUT: Final = (1.5, 1.5)


class QrCard(NamedTuple):
    """`name`, `lines`: beside the code that holds `link`."""

    link: str
    name: str
    lines: tuple[str, ...]


def qr_sheets(title: str, cards: Sequence[QrCard]) -> bytes:
    """A PDF in A4, eight cards a page. Lengths are millimetres."""
    pdf = new_paper((_WIDTH, _HEIGHT), _MARGIN, title)
    pdf.set_auto_page_break(False)
    width, height = (_WIDTH - 2 * _MARGIN) / _COLUMNS, (_HEIGHT - 2 * _MARGIN) / _ROWS
    for number, card in enumerate(cards):
        at = number % (_COLUMNS * _ROWS)
        if number and at == 0:
            pdf.add_page()
        row, column = divmod(at, _COLUMNS)
        _card(pdf, card, _MARGIN + column * width, _MARGIN + row * height, width, height)
    return bytes(pdf.output())


def _card(pdf: FPDF, card: QrCard, left: float, top: float, width: float, height: float) -> None:
    pdf.set_dash_pattern(*_CUT)
    pdf.rect(left, top, width, height)
    pdf.set_dash_pattern()
    _code(pdf, card.link, left + 2, top + (height - _CODE) / 2)
    beside = left + 2 + _CODE + 2
    pdf.set_xy(beside, top + 6)
    room = left + width - beside - 2
    pdf.set_font(style="B", size=12)
    pdf.multi_cell(
        room, 5, plain(card.name), align="L", max_line_height=5, new_x="LEFT", new_y="NEXT"
    )
    pdf.ln(1)
    pdf.set_font(style="", size=9)
    for line in card.lines:
        pdf.set_x(beside)
        pdf.multi_cell(room, 4, plain(line), align="L", new_x="LEFT", new_y="NEXT")


def _code(pdf: FPDF, link: str, left: float, top: float) -> None:
    """Runs of dark modules as rectangles: sharp at any size of print."""
    rows = [
        bytes(row) for row in segno.make(link, error="m", micro=False).matrix_iter(border=_QUIET)
    ]
    size = _CODE / len(rows)
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                pdf.rect(left + x * size, top + y * size, (end - x) * size, size, style="F")
            x = end + 1
