"""Reads a CSV or XLSX file as a table: finds the separator, the encoding and the row with the column names."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openpyxl import load_workbook

from producers.bridges.tables.cell_values import Cell, text_of

_SEPARATORS: Final = (";", ",", "\t")
_MAX_BYTES: Final = 32 * 1024 * 1024
_MAX_UNPACKED: Final = 512 * 1024 * 1024
_MAX_ROWS: Final = 100_000
_MAX_COLUMNS: Final = 256
_HEADER_WITHIN: Final = 20
"""Titles, logos and blank lines take so many rows at most."""
_NOT_NAME: Final = re.compile(r"[^a-z0-9]+")

Rows = list[tuple[int, list[Cell]]]


class TableError(ValueError):
    """The file is no table that can be read. Says what to do."""


@dataclass(frozen=True, slots=True)
class PeoplesTable:
    """`rows`: number as Excel or an editor counts it, and the cells by column name. `names`: of the columns wanted, those found."""

    names: frozenset[str]
    rows: tuple[tuple[int, Mapping[str, Cell]], ...]


def plain_name(text: str) -> str:
    """A column's name in small letters and digits: `Tgl. Lahir` and `TGL LAHIR` are one."""
    return _NOT_NAME.sub(" ", text.lower()).strip()


def read_table(path: Path, aliases: Mapping[str, str], needed: frozenset[str]) -> PeoplesTable:
    """The first table in `path`. Raises `TableError`.

    `aliases`: plain name of a column -> the name that the caller knows; other columns keep their text as name.
    `needed`: names without which a row is not the one with the column names.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise TableError(f"larger than {_MAX_BYTES // 2**20} MiB: save the sheet alone, as CSV")
    # xlsx is a zip whatever its name says; the old .xls is not read.
    with path.open("rb") as file:
        is_xlsx = file.read(4) == b"PK\x03\x04"
    sheets = [_xlsx(path)] if is_xlsx else [_csv(path, one) for one in _SEPARATORS]
    best: tuple[int, Rows, int, list[str]] | None = None
    for rows in sheets:
        for at, (_, cells) in enumerate(rows[:_HEADER_WITHIN]):
            texts = [text_of(cell) for cell in cells]
            names = [aliases.get(plain_name(one), one) for one in texts]
            hits = len(set(names) & set(aliases.values()))
            if needed <= set(names) and (best is None or hits > best[0]):
                best = (hits, rows, at, names)
    if best is None:
        raise TableError(
            f"no row with the columns {', '.join(sorted(needed))} among the first {_HEADER_WITHIN}"
        )
    _, rows, at, names = best
    body = [
        (number, dict(zip(names, cells, strict=False)))
        for number, cells in rows[at + 1 :]
        if any(text_of(cell) for cell in cells)
    ]
    return PeoplesTable(frozenset(names), tuple(body))


def _csv(path: Path, separator: str) -> Rows:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: Rows = []
    try:
        for cells in reader:
            rows.append((reader.line_num, list(cells[:_MAX_COLUMNS])))
            if len(rows) > _MAX_ROWS:
                raise TableError(f"more than {_MAX_ROWS} rows: split the file")
    except csv.Error as error:
        raise TableError(f"row {reader.line_num}: no CSV ({error})") from None
    return rows


def _xlsx(path: Path) -> Rows:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > _MAX_UNPACKED:
                raise TableError("the workbook unpacks to more than 512 MiB: save the sheet as CSV")
        # read_only: one row at a time, whatever the sheet claims to hold.
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            return list(_sheet(book.worksheets[0].iter_rows(values_only=True)))
        finally:
            book.close()
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, SyntaxError, OSError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"no workbook that can be read ({type(error).__name__})") from None


def _sheet(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[int, list[Cell]]]:
    for number, cells in enumerate(rows, 1):
        if number > _MAX_ROWS:
            raise TableError(f"more than {_MAX_ROWS} rows: split the file")
        yield number, [_cell(one) for one in cells[:_MAX_COLUMNS]]


def _cell(value: object) -> Cell:
    return value if isinstance(value, Cell) else str(value)
