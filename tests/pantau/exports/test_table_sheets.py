"""Exports on paper: the cells of the CSV, and columns that fit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contracts.time.windows import GROUPS
from pantau.exports.excel_csv import CsvCell
from pantau.exports.kitchen_tables import _pairs
from pantau.paper.table_sheets import table_sheets
from tests.pantau.exports.paper import pages_of


def day_rows(recipients: int, groups: Sequence[str]) -> list[Sequence[CsvCell]]:
    """As `day_table` makes them, with other figures in each cell."""
    head = ("No", "Id", "Penerima", "Jenis", "Kecamatan", *_pairs(), "Porsi diterima menurut dapur", "Jam pertama",
            "Porsi diterima menurut penerima", "Porsi ditolak", "Dimakan menurut penerima", "Hadir")  # fmt: skip
    rows: list[Sequence[CsvCell]] = [
        ("Lampiran 30a: penerima manfaat harian",),
        ("SPPG", "Cimalaka 1", "SPPG-3211-0001"),
        ("Tanggal", "2026-11-24"),
        (),
        head,
    ]
    for number in range(1, recipients + 1):
        pairs: list[CsvCell] = []
        for at, group in enumerate((*GROUPS, "all")):
            there = group in groups or group == "all"
            pairs += [number * 1000 + at, number * 1000 + 500 + at] if there else [0, None]
        name = f"Madrasah Tsanawiyah Negeri Persiapan Kecamatan Jatinangor {number}"
        about = (number, f"npsn:{20208000 + number}", name, "school", "32.11.08")
        rows.append((*about, *pairs, number * 7, "09:41", None, 0, None, "<5"))
    return rows


def squeezed(text: str) -> str:
    return re.sub(r"\s+|\ufffe|-", "", text)


def test_every_cell_is_there_and_empty_groups_are_not() -> None:
    rows = day_rows(40, ("sd", "guru"))
    pages = pages_of(table_sheets(rows))
    assert all(page.width_mm > page.height_mm and not page.has_colour for page in pages)
    text = squeezed("".join(page.text for page in pages))
    for row in rows[5:]:
        for cell in row:
            assert cell is None or squeezed(str(cell)) in text, cell
    assert all(
        "Penerima" in page.text and "sd" in page.text for page in pages if "npsn" in page.text
    )
    assert "paud" not in text and "santri" not in text and "guru" in text


def test_all_groups_at_once_still_fit() -> None:
    rows = day_rows(12, GROUPS)
    [page] = pages_of(table_sheets(rows))
    words = page.text.split()
    for row in rows[5:]:
        assert all(str(cell) in words for cell in row if isinstance(cell, int)), (
            "no figure is broken"
        )
