"""A table of past days: one event a row, its attributes and the fields of its `data` as columns."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import msgspec.inspect

from contracts.events.event_types import CLASSES, TYPE_OF
from producers.bridges.read_events import Fault, ReadEvents, add_event
from producers.bridges.tables.cell_values import Cell, CellError, moment_of, number_of, text_of
from producers.bridges.tables.table_file import read_table

_ATTRIBUTES: Final = ("id", "source", "type", "subject", "time", "supersedes", "recordedtime")
_TIMES: Final = frozenset({"time", "recordedtime"})
_LIST: Final = re.compile(r"[|;]")
_YES: Final = {"1": True, "ya": True, "true": True, "0": False, "tidak": False, "false": False}
_HAS_OFFSET: Final = re.compile(r"(?:Z|[+-]\d{2}:\d{2})$")


def _fields(event_class: type[msgspec.Struct]) -> dict[str, msgspec.inspect.Type]:
    (data,) = (f for f in msgspec.structs.fields(event_class) if f.name == "data")
    info = msgspec.inspect.type_info(data.type)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{event_class.__name__}.data is no struct")
    return {one.encode_name: one.type for one in info.fields}


_FIELDS: Final = {TYPE_OF[one]: _fields(one) for one in CLASSES}
"""Event type -> field of `data` -> its type."""


def read_event_table(path: Path, source: str, offset: str) -> ReadEvents:
    """Events of a CSV or XLSX file. `source`: of rows that name none; `offset`: of times without one, `+07:00`.

    Columns: `type`, `time` (RFC 3339, `24/11/2026 10:15`, or an Excel date), and the fields by name, a group as
    `eaten.sd`; lists hold `|` between their items. Raises `TableError`.
    """
    table = read_table(path, {name: name for name in _ATTRIBUTES}, frozenset({"type", "time"}))
    found = ReadEvents()
    for row, cells in table.rows:
        try:
            event = _event(cells, offset)
        except CellError as error:
            found.faults.append(Fault(row, str(error)))
            continue
        if source:
            event.setdefault("source", source)
        add_event(found, row, event)
    return found


def _event(cells: Any, offset: str) -> dict[str, Any]:
    kind = text_of(cells["type"])
    known = _FIELDS.get(kind)
    if known is None:
        raise CellError("unknown_type: see the types in docs/devices.md")
    event: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name, cell in cells.items():
        if not name or not text_of(cell):
            continue
        try:
            if name in _TIMES:
                event[name] = _time(cell, offset)
            elif name in _ATTRIBUTES:
                event[name] = text_of(cell)
            else:
                _put(data, name, cell, known, offset)
        except CellError as error:
            raise CellError(f"column {name}: {error}") from None
    return event | {"data": data}


def _put(data: dict[str, Any], name: str, cell: Cell, known: Any, offset: str) -> None:
    field, _, key = name.partition(".")
    if field not in known:
        raise CellError("this type has no such field")
    if key:
        data.setdefault(field, {})[key] = _whole(number_of(cell))
    else:
        data[field] = _value(cell, known[field], field, offset)


def _value(cell: Cell, kind: msgspec.inspect.Type, field: str, offset: str) -> Any:
    """The cell as the field's type wants it; what does not fit is for the contract's own check to name."""
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(one for one in kind.types if not isinstance(one, msgspec.inspect.UnsetType))  # type: ignore[attr-defined]
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        return _whole(number_of(cell))
    if isinstance(kind, msgspec.inspect.BoolType):
        answer = _YES.get(text_of(cell).lower())
        if answer is None:
            raise CellError("write ya or tidak")
        return answer
    if isinstance(kind, msgspec.inspect.ListType):
        return [one.strip() for one in _LIST.split(text_of(cell)) if one.strip()]
    if field in ("made_at", "cooked_at", "onset", "ate_at", "since"):
        return _time(cell, offset)
    return text_of(cell)


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _time(cell: Cell, offset: str) -> str:
    if isinstance(cell, str) and _HAS_OFFSET.search(cell.strip()):
        return cell.strip()
    moment = moment_of(cell)
    return "" if moment is None else rfc3339_local(moment, offset)


def rfc3339_local(moment: datetime, offset: str) -> str:
    """A local time with its offset, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{offset}"
