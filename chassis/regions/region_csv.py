"""CSV of a region folder: cells know their file, line and column, so every fault names its place."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from chassis.operator_error import OperatorError
from contracts.events.nik import has_nik
from contracts.time.days import iso_to_day

_Choice = TypeVar("_Choice", bound=str)

_MAX_NAME: Final = 100
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_CLOCK_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def minute_of(clock: str) -> int | None:
    """HH:MM as minute of the day, 24:00 its end; None for what is no time of day."""
    return int(clock[:2]) * 60 + int(clock[3:]) if _CLOCK_TIME.fullmatch(clock) else None


class Faults:
    """What is wrong so far, in the order found."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, place: str, message: str) -> None:
        """`place`: file, or file and line."""
        self.messages.append(f"{place}: {message}")


class RegionError(OperatorError):
    """The folder cannot be used: a line for each fault, with file, line and what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("the region folder cannot be used:\n  " + "\n  ".join(faults))


class Cells:
    """One line of a table.

    Readers return a value of the right type always; a bad cell adds a fault and clears `whole`.
    """

    def __init__(self, place: str, cells: dict[str, str], faults: Faults) -> None:
        self.place = place
        self.whole = True
        self._cells = cells
        self._faults = faults

    def fault(self, column: str, message: str) -> None:
        """Notes what is wrong with a cell and what to do."""
        self.whole = False
        self._faults.add(self.place, f"column {column}: {message}")

    def text(self, column: str, most: int = _MAX_NAME) -> str:
        """Not empty, at most `most` characters, no NIK."""
        value = self._cells[column]
        if not value:
            self.fault(column, "is empty: fill it in")
        elif len(value) > most:
            self.fault(column, f"has {len(value)} characters: at most {most}")
        elif has_nik(value):
            # The value stays out of the message: messages end up in logs.
            self.fault(
                column,
                "holds a NIK (16 digits in a row): no person's number may be here, take it out",
            )
            return ""
        return value

    def text_or_empty(self, column: str, most: int = _MAX_NAME) -> str:
        """As `text`; an empty or absent cell is empty."""
        return self.text(column, most) if self._cells.get(column) else ""

    def choice(self, column: str, choices: tuple[_Choice, ...]) -> _Choice:
        """One of `choices`."""
        value = self._cells[column]
        for choice in choices:
            if choice == value:
                return choice
        self.fault(
            column, f"{self._shown(column)} is none of {', '.join(choices)}: write one of them"
        )
        return choices[0]

    def count(self, column: str, most: int) -> int:
        """A whole number from 0 to `most`; an empty cell is 0."""
        value = self._cells[column]
        if not value:
            return 0
        if _DIGITS.fullmatch(value) and int(value) <= most:
            return int(value)
        self.fault(
            column,
            f"{self._shown(column)} is no whole number from 0 to {most:,}: write one, without "
            "separators",
        )
        return 0

    def coordinate(self, column: str, limit: float) -> float:
        """Decimal degrees, from -limit to limit."""
        try:
            value = float(self._cells[column])
        except ValueError:
            value = float("nan")
        if abs(value) <= limit:
            return value
        self.fault(
            column,
            f"{self._shown(column)} is no number of degrees from -{limit:g} to {limit:g}: write "
            "it with a decimal point",
        )
        return 0.0

    def minute(self, column: str) -> int:
        """HH:MM as minute of the day; 24:00 is the day's end."""
        found = minute_of(self._cells[column])
        if found is not None:
            return found
        self.fault(column, f"{self._shown(column)} is no time of day: write HH:MM, like 09:30")
        return 0

    def day(self, column: str) -> int:
        """YYYY-MM-DD as day."""
        try:
            return iso_to_day(self._cells[column])
        except ValueError:
            self.fault(
                column, f"{self._shown(column)} is no date: write YYYY-MM-DD, like 2026-01-31"
            )
            return 0

    def day_or_none(self, column: str) -> int | None:
        """YYYY-MM-DD as day, or an empty cell."""
        return self.day(column) if self._cells[column] else None

    def flag(self, column: str) -> bool:
        """0 or 1."""
        value = self._cells[column]
        if value not in ("0", "1"):
            self.fault(
                column,
                f"{self._shown(column)} is neither 0 nor 1: write 1 for yes, 0 for no",
            )
        return value == "1"

    def _shown(self, column: str) -> str:
        value = self._cells[column]
        return repr("(a NIK)" if has_nik(value) else value[:40])


def read_table(
    path: Path, columns: tuple[str, ...], faults: Faults, optional: tuple[str, ...] = ()
) -> Iterator[Cells]:
    """The lines of a CSV file (UTF-8, comma, header with `columns` and any of `optional`, in any order).

    Blank lines are skipped.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return faults.add(
            path.name,
            f"is missing in {path.parent.name}/: add it with the columns {', '.join(columns)}",
        )
    except UnicodeDecodeError:
        return faults.add(path.name, "is not UTF-8: save it as CSV UTF-8")
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in columns if name not in header]
    extra = [name for name in header if name not in columns + optional or header.count(name) > 1]
    if missing or extra:
        return faults.add(
            f"{path.name}, line 1",
            f"the columns must be {', '.join(columns)}: missing {missing or 'none'}, unknown or "
            f"twice {extra or 'none'}",
        )
    for cells in reader:
        place = f"{path.name}, line {reader.line_num}"
        if not any(cells):
            continue
        if len(cells) != len(header):
            faults.add(
                place,
                f"has {len(cells)} cells, the header {len(header)}: quote a text that holds a "
                "comma",
            )
            continue
        yield Cells(place, dict(zip(header, (cell.strip() for cell in cells), strict=True)), faults)
