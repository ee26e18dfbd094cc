"""Reads a PDF and a PNG back."""

from __future__ import annotations

import io
from typing import NamedTuple

import pypdfium2
from PIL import Image, ImageChops


class ReadPage(NamedTuple):
    """One page of a PDF."""

    width_mm: float
    height_mm: float
    text: str
    has_colour: bool


class GrayPicture(NamedTuple):
    """`last_dark_row`: the lowest one that is not white alone."""

    width: int
    height: int
    darkest: int
    last_dark_row: int


def pages_of(pdf: bytes) -> list[ReadPage]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [
            ReadPage(
                page.get_width() * 25.4 / 72,
                page.get_height() * 25.4 / 72,
                page.get_textpage().get_text_range(),
                _has_colour(page.render(scale=1).to_pil().convert("RGB")),
            )
            for page in document
        ]


def _has_colour(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return any(ImageChops.difference(red, other).getbbox() is not None for other in (green, blue))


def gray(png: bytes) -> GrayPicture:
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "L")
    box = image.point(lambda level: 255 if level < 200 else 0).getbbox()
    darkest, _ = image.getextrema()
    return GrayPicture(image.width, image.height, int(str(darkest)), box[3] if box else 0)
