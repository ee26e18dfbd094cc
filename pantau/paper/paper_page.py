"""Pages in black on white, in letters that every PDF reader has: no font file comes along."""

from __future__ import annotations

import io
import unicodedata
from typing import Final

import pypdfium2
from fpdf import FPDF

_LETTERS: Final = "windows-1252"
"""What those fonts hold: all that Bahasa Indonesia is written with."""
_POINTS_A_MM: Final = 72 / 25.4


def new_paper(size_mm: tuple[float, float], margin_mm: float, title: str) -> FPDF:
    """A document with its first page, `size_mm` wide and high."""
    pdf = FPDF(format=size_mm)
    pdf.core_fonts_encoding = _LETTERS
    pdf.set_title(title)
    pdf.set_margin(margin_mm)
    pdf.set_auto_page_break(True, margin_mm)
    pdf.set_font("Helvetica")
    pdf.add_page()
    return pdf


def plain(text: str) -> str:
    """`text` in the letters of the fonts: an arrow as `>`, an accent that they lack left out, any other sign as `?`."""
    composed = unicodedata.normalize("NFC", text.replace("→", ">"))
    return "".join(map(_letter, composed))


def _letter(one: str) -> str:
    if one.encode(_LETTERS, "ignore"):
        return one
    base = unicodedata.normalize("NFKD", one)[:1]
    return base if base.encode(_LETTERS, "ignore") else "?"


def picture_of(pdf: bytes, width_px: int) -> bytes:
    """The first page as PNG."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        image = page.render(scale=width_px / page.get_width()).to_pil()
    out = io.BytesIO()
    image.convert("L").save(out, "PNG", optimize=True)
    return out.getvalue()
