"""`data` of an event as a JSON column: a typed path for every field of every event type, read from the structs."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import UnsetType

from contracts.events.data_structs import HEX32_FIELDS, Data, Rfc3339
from contracts.events.event_types import CLASSES, Event

PERSON_FIELDS: Final = tuple(sorted(HEX32_FIELDS))
"""Fields of `data` that hold a pseudonym: stored apart, where analysts cannot read them."""

_SCALARS: Final = {
    str: "Nullable(String)",
    int: "Nullable(UInt64)",
    float: "Nullable(Float64)",
    bool: "Nullable(Bool)",
}
_MOMENT: Final = "Nullable(DateTime64(3, 'UTC'))"


def _data_of(event: type[Event]) -> type[Data]:
    found: type[Data] = get_type_hints(event)["data"]
    return found


def _without_unset(hint: Any) -> Any:
    """The type of a field that may be absent."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (one for one in get_args(hint) if one is not UnsetType)
    return hint


def _paths(name: str, hint: Any) -> Iterator[tuple[str, str]]:
    """(path, ClickHouse type). A scalar is null where absent: no temperature is not 0. Raises `TypeError` for a field that has none."""
    hint = _without_unset(hint)
    if hint is Rfc3339:
        yield name, _MOMENT
        return
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    elif hint is str:
        raise TypeError(f"{name}: a text needs its bounds (Text), a time is Rfc3339")
    origin = get_origin(hint)
    if origin is list:
        yield name, "Array(String)"
    elif origin is dict:
        for key in get_args(get_args(hint)[0]):
            yield from _paths(f"{name}.{key}", get_args(hint)[1])
    else:
        yield name, _SCALARS[str if origin is Literal else hint]


def _all_paths() -> dict[str, str]:
    found: dict[str, str] = {}
    for event in CLASSES:
        for name, hint in get_type_hints(_data_of(event), include_extras=True).items():
            if name in HEX32_FIELDS:
                continue
            for path, kind in _paths(name, hint):
                if found.setdefault(path, kind) != kind:
                    raise TypeError(f"{path}: {found[path]} in one type, {kind} in another")
    return found


DATA_PATHS: Final = _all_paths()
"""Path -> ClickHouse type, without pseudonyms."""

DATA_TYPE: Final = (
    "JSON("
    + ", ".join(f"{path} {kind}" for path, kind in DATA_PATHS.items())
    + "".join(f", SKIP {field}" for field in PERSON_FIELDS)
    + ")"
)

MOMENT_FIELDS: Final[dict[type[Event], tuple[str, ...]]] = {
    event: tuple(
        name
        for name, hint in get_type_hints(_data_of(event), include_extras=True).items()
        if _without_unset(hint) is Rfc3339
    )
    for event in CLASSES
}
"""Fields of an event's `data` that are times."""
