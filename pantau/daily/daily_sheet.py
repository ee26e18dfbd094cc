"""The page of a day on one A4 sheet (PDF), and as a picture for a phone (PNG)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace

from pantau.daily.daily_content import DayContent, DaySection, DayTable
from pantau.paper.paper_page import new_paper, picture_of, plain

_PICTURE_PX: Final = 1080
_SMALLEST: Final = 0.6
_STEP: Final = 0.04
_TALL_MM: Final = 2_000.0


@dataclass(frozen=True, slots=True)
class SheetSize:
    """Millimetres, and the size of the letters in points."""

    width: float
    height: float
    margin: float
    letters: float


_A4: Final = SheetSize(210, 297, 12, 9.5)
_PHONE: Final = SheetSize(150, _TALL_MM, 5, 9.5)


def daily_pdf(content: DayContent) -> bytes:
    """One A4 page. Letters are as large as let all of it stand there."""
    scale = 1.0
    while True:
        pdf = _drawn(content, _A4, scale)
        if pdf.pages_count == 1 or scale < _SMALLEST:
            return bytes(pdf.output())
        scale -= _STEP


def daily_picture(content: DayContent) -> bytes:
    """A PNG 1080 px wide, as high as it has to be."""
    # A millimetre more: what ends exactly at the margin may go to a second page.
    end = _drawn(content, _PHONE, 1).get_y() + _PHONE.margin + 1
    size = SheetSize(_PHONE.width, end, _PHONE.margin, _PHONE.letters)
    return picture_of(bytes(_drawn(content, size, 1).output()), _PICTURE_PX)


def _drawn(content: DayContent, size: SheetSize, scale: float) -> FPDF:
    pdf = new_paper((size.width, size.height), size.margin, content.title)
    letters = size.letters * scale
    beside = _mark(pdf, content.mark, letters)
    _text(pdf, content.heading, letters * 2, "B", pdf.epw - beside)
    _text(pdf, content.subtitle, letters)
    for section in content.sections:
        _section(pdf, section, letters)
    return pdf


def _mark(pdf: FPDF, mark: str, letters: float) -> float:
    """Draws it in the upper right corner; its width."""
    if not mark:
        return 0
    pdf.set_font(style="B", size=letters * 1.3)
    top, width = pdf.get_y(), pdf.get_string_width(mark) + 5
    pdf.set_xy(pdf.w - pdf.r_margin - width, top)
    pdf.set_line_width(0.5)
    pdf.cell(width, letters * 0.7, mark, border=1, align="C")
    pdf.set_line_width(0.2)
    pdf.set_xy(pdf.l_margin, top)
    return width


def _text(pdf: FPDF, text: str, letters: float, style: str = "", width: float = 0) -> None:
    pdf.set_font(style=style, size=letters)
    pdf.multi_cell(
        width, letters * 0.45, plain(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
    )


def _section(pdf: FPDF, section: DaySection, letters: float) -> None:
    pdf.ln(letters * 0.15)
    _text(pdf, section.title, letters * 1.3, "B")
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
    pdf.ln(letters * 0.05)
    for block in section.blocks:
        if isinstance(block, DayTable):
            _table(pdf, block, letters)
        else:
            _text(pdf, block, letters * 0.85 if section.is_small else letters)


def _table(pdf: FPDF, table: DayTable, letters: float) -> None:
    pdf.set_font(size=letters)
    big = FontFace(emphasis="BOLD", size_pt=letters * 1.4)
    align = tuple("RIGHT" if place == "r" else "LEFT" for place in table.columns)
    with pdf.table(
        col_widths=table.widths,
        text_align=align,
        line_height=letters * 0.45,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        first_row_as_headings=table.has_head,
        headings_style=FontFace(emphasis="BOLD"),
        padding=(0.3, 0.8),
        v_align=VAlign.T,
    ) as drawn:
        for row in table.rows:
            line = drawn.row()
            for place, cell in zip(table.columns, row, strict=True):
                line.cell(plain(cell), style=big if table.is_big and place == "r" else None)
