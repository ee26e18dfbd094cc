"""One cell to a value: numbers and dates as people and programs write them. Pure; each returns None for an empty cell."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

Cell = str | int | float | datetime | date | bool | None

_FIRST_SERIAL: Final = 20_000
_LAST_SERIAL: Final = 60_000
"""Excel's days from 1954 to 2064: a number in a date column that lies there is one."""
_SERIAL_ZERO: Final = date(1899, 12, 30)
_DAY_FIRST: Final = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T]+(\d{1,2})[:.](\d{2})(?:[:.]\d{2})?)?"
)
_ISO: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?)?"
)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
_UNKNOWN: Final = 8888
"""What the growth exports write for `not known`."""


class CellError(ValueError):
    """A cell that holds no such value. Says what is wrong and repeats nothing of it: it may be about a person."""


def text_of(cell: Cell) -> str:
    """The cell as text, blanks around it and between its words made one."""
    return "" if cell is None else " ".join(str(cell).replace("\u00a0", " ").split())


def number_of(cell: Cell) -> float | None:
    """A number, with a decimal point or comma. Raises `CellError`."""
    if isinstance(cell, datetime | date):
        raise CellError("a date where a number is needed")
    if isinstance(cell, int | float):
        return float(cell)
    text = text_of(cell).replace(" ", "")
    if not text or text == "-":
        return None
    if "," in text:
        # The mark that comes last is the decimal one: 1.234,5 and 1,234.5.
        thousands, decimal = (".", ",") if text.rindex(",") > text.rfind(".") else (",", ".")
        text = text.replace(thousands, "").replace(decimal, ".")
    if not _NUMBER.fullmatch(text):
        raise CellError("no number")
    return float(text)


def measure_of(cell: Cell) -> float | None:
    """A measurement: 0 and empty are `not recorded`, 8888 is `not known`. Raises `CellError` for that, and for a date's serial number."""
    value = number_of(cell)
    if value == _UNKNOWN:
        raise CellError("8888: not known")
    if value is not None and _FIRST_SERIAL <= value <= _LAST_SERIAL:
        raise CellError("a date's serial number: Excel took the value for a date; mend the cell")
    return value or None


def moment_of(cell: Cell) -> datetime | None:
    """A local date and time, 00:00 where no time is given: ISO, day first, an Excel date, or its serial number. Raises `CellError`."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    if isinstance(cell, date):
        return datetime.combine(cell, datetime.min.time())
    if isinstance(cell, int | float):
        if not _FIRST_SERIAL <= cell <= _LAST_SERIAL:
            raise CellError("a number that is no date of Excel")
        days = timedelta(days=cell)
        return datetime.combine(_SERIAL_ZERO, datetime.min.time()) + days
    text = text_of(cell)
    if not text:
        return None
    if re.fullmatch(r"\d{5}", text):
        return moment_of(int(text))
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute = (int(one or 0) for one in match.groups())
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year, hour, minute = (int(one or 0) for one in match.groups())
    else:
        raise CellError("no date: write it as 24/11/2026 or 2026-11-24")
    try:
        # Local: who knows the zone adds its offset.
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001
    except ValueError:
        raise CellError("no day of the calendar (day first: 24/11/2026)") from None
