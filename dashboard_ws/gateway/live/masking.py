"""What a public wall is not shown: counts under 5 are not shown in public.

A wall hangs where anyone can read it. A clinic that saw two anaemic mothers today may thereby name
them, so counts of clinic data, and of ill people at a school, from 1 to 4 become null for tokens of kind `wall`, and the row says
which (`"hidden": [columns]`), so that a hidden count is never taken for none. Zero and 5 or more
are shown. So it is at the desk, except for people of the health office: they see all. `children_registered`
is a registry figure and not sensitive.
Not covered: a reader who subtracts rows of one level from the row above may still bound a count.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from contracts.results.public_rows import CLINIC_COVERAGE, IDENTITY, VERSION

SMALL: Final = 5
"""Counts from 1 up to here, exclusive, are hidden."""

HIDDEN: Final = "hidden"
_PUBLIC: Final = frozenset({"children_registered"})
SENSITIVE: Final[dict[str, tuple[str, ...]]] = {
    "clinic_coverage": tuple(
        column.name
        for column in CLINIC_COVERAGE
        if column not in (*IDENTITY, *VERSION) and column.name not in _PUBLIC
    ),
    "reception": ("absent_ill", "ill_noticed"),
}
"""Topic -> columns that count ill or cared-for people."""
_CLINIC_ALERTS: Final = frozenset({"foodborne_cluster", "illness_reported"})


def is_small(value: object) -> bool:
    """Whether a value is a count that is hidden."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < SMALL


def _without_small(value: Any, path: str, hidden: list[str]) -> Any:
    """`value` with each small whole number in it as null; their paths are added to `hidden`."""
    if isinstance(value, dict):
        return {
            name: _without_small(part, f"{path}.{name}", hidden) for name, part in value.items()
        }
    if isinstance(value, list):
        return [_without_small(part, path, hidden) for part in value]
    if is_small(value):
        hidden.append(path)
        return None
    return value


def _mask_evidence(row: dict[str, Any]) -> list[str]:
    hidden: list[str] = []
    evidence = row.get("evidence")
    if isinstance(evidence, str):
        # Evidence is JSON; a row may carry it as an object or, as in storage, as text.
        try:
            parsed = msgspec.json.decode(evidence)
        except msgspec.DecodeError:
            parsed, hidden = None, ["evidence"]
        shown = _without_small(parsed, "evidence", hidden)
        row["evidence"] = msgspec.json.encode(shown).decode() if parsed is not None else ""
    else:
        row["evidence"] = _without_small(evidence, "evidence", hidden)
    return list(dict.fromkeys(hidden))


def for_public(topic: str, body: bytes) -> bytes:
    """A row's JSON as a public wall may show it; `body` itself where nothing has to be hidden."""
    sensitive = SENSITIVE.get(topic)
    if sensitive is None and topic != "alerts":
        return body
    row: dict[str, Any] = msgspec.json.decode(body)
    if sensitive is not None:
        hidden = [name for name in sensitive if is_small(row.get(name))]
        row |= dict.fromkeys(hidden)
    elif row.get("kind") in _CLINIC_ALERTS:
        hidden = _mask_evidence(row)
    else:
        hidden = []
    return msgspec.json.encode(row | {HIDDEN: hidden}) if hidden else body
