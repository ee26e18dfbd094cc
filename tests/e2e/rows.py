"""Compares what analysts read with what the posted events must give."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.e2e.day import FOLDER, now
from tests.e2e.expected import Expected, Rows
from tests.e2e.installation import Installation

_DUE: Final = timedelta(seconds=60)
"""A row is there this long after it is due."""
_IDENTITY: Final = ("region", "level", "area_id", "window", "window_start", "window_end", "day")
_VERSION: Final = ("is_final", "revision", "updated_at")


def read(installation: Installation, view: str) -> Rows:
    """The rows of a view by key, only with their metrics."""
    rows: Rows = {}
    for row in installation.query(f"SELECT * FROM pantau.{view}"):
        assert row["region"] == FOLDER.code and row["is_final"] == 0 and row["revision"] > 0
        end: datetime = row["window_end"].replace(tzinfo=UTC)
        key = (row["level"], row["area_id"], row["window"], end, row.get("group", ""))
        assert key not in rows, f"two rows of {key}"
        rows[key] = {
            name: value
            for name, value in row.items()
            if name not in _IDENTITY and name not in _VERSION and name != "group"
        }
    return rows


def difference(found: Rows, wanted: Rows, allowed: Rows) -> dict[str, Any]:
    """What is wrong with `found`. `allowed`: `wanted`, and what became due a moment ago."""
    missing = sorted(wanted.keys() - found.keys(), key=str)
    invented = sorted(found.keys() - allowed.keys(), key=str)
    wrong = [
        (key, {name: (found[key][name], value) for name, value in row.items() if found[key][name] != value})
        for key, row in allowed.items()
        if key in found and found[key] != row
    ]  # fmt: skip
    named: dict[str, list[Any]] = {
        "missing": missing,
        "invented": invented,
        "wrong (found, wanted)": wrong,
    }
    return {f"{len(some)} {name}": some[:4] for name, some in named.items() if some}


def until_exact(
    installation: Installation, since: datetime, seconds: float = 120
) -> dict[str, Rows]:
    """Wait until every row of `performance` and `coverage` is what the accepted events give; the rows."""
    deadline = time.monotonic() + seconds
    while True:
        before = now()
        found = {view: read(installation, view) for view in ("performance", "coverage")}
        due = Expected(FOLDER, installation.accepted, since, before - _DUE)
        latest = Expected(FOLDER, installation.accepted, since, now())
        wrong = {
            view: told
            for view, rows in found.items()
            if (told := difference(rows, getattr(due, view)(), getattr(latest, view)()))
        }
        if not wrong:
            return found
        assert time.monotonic() < deadline, wrong
        time.sleep(2)
