"""Columns, read from the structs of rows: `portions_cooked: Annotated[Count, "Portions cooked"]` is one.

A field's type says how Python and ClickHouse hold it, the text what it means. SQL, the catalogue and the comments
that analysts see derive from them; writers build rows by keyword and encode them. A row on a topic is the JSON of its
struct: times are RFC 3339 in UTC, days `YYYY-MM-DD`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_type_hints

import msgspec


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, ClickHouse type and what it means (unit included)."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The ClickHouse type of a field."""

    type: str


Label = Annotated[str, Stored("LowCardinality(String)")]
"""A text of few values."""
String = Annotated[str, Stored("String")]
Flag = Annotated[int, Stored("UInt8")]
Small = Annotated[int, Stored("UInt32")]
Count = Annotated[int, Stored("UInt64")]
MaybeSmall = Annotated[int | None, Stored("Nullable(UInt32)")]
MaybeCount = Annotated[int | None, Stored("Nullable(UInt64)")]
Signed32 = Annotated[int, Stored("Int32")]
Signed64 = Annotated[int, Stored("Int64")]
Degrees = Annotated[float, Stored("Float64")]
Day = Annotated[str, Stored("Date")]
MaybeDay = Annotated[str | None, Stored("Nullable(Date)")]
Second = Annotated[str, Stored("DateTime('UTC')")]
Moment = Annotated[str, Stored("DateTime64(3, 'UTC')")]
"""A time, to the millisecond."""
MaybeMoment = Annotated[str | None, Stored("Nullable(DateTime64(3, 'UTC'))")]
RegionCode = Annotated[Label, "Region code (Kemendagri), e.g. 32.11"]


def columns_of(row: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of `row` in the order of its fields. Raises `TypeError` for a field without a `Stored` type or a text."""
    hints = get_type_hints(row, include_extras=True)
    return tuple(_column(row, name, hints[name]) for name in row.__struct_fields__)


def _column(row: type[msgspec.Struct], name: str, hint: object) -> Column:
    """The innermost annotation comes first: a field may say more than its type does. `{name}` in a text is the field's."""
    marks = getattr(hint, "__metadata__", ())
    types = [one.type for one in marks if isinstance(one, Stored)]
    docs = [one for one in marks if isinstance(one, str)]
    if not types or not docs:
        raise TypeError(f"{row.__name__}.{name}: annotate it with a type of columns.py and a text")
    return Column(name, types[-1], docs[-1].replace("{name}", name))


def names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Column names in order."""
    return tuple(column.name for column in columns)
