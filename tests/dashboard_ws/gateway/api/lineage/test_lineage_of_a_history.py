"""What a random history put into rows is what their lineage lists: the streams' own sums against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from contracts.time.clock import rfc3339
from tests.audit.audit_installation import REGISTRY, History, Installation
from tests.dashboard_ws.gateway.api.lineage.test_lineage_real import asked_on
from tests.fixtures_clickhouse import EmbeddedClickHouse

pytestmark = pytest.mark.real


def some_rows(store: Client, view: str, figure: str, each: str = "") -> Iterator[tuple[Any, ...]]:
    """Of each level and window the row with the most in it, and one with nothing: (figure, query of the row)."""
    found = store.query(
        f"SELECT level, area_id, window, toUnixTimestamp(window_end), {figure} AS figure {each} FROM pantau.{view} "
        f"WHERE figure IS NOT NULL ORDER BY figure DESC, cityHash64(area_id, window_end) LIMIT 1 BY level, window"
        f", figure > 0"
    ).result_rows
    for level, area, window, end, value, *group in found:
        row = {"view": view, "level": level, "area_id": area, "window": window, "window_end": rfc3339(end * 1000)}  # fmt: skip
        yield value, row | ({"group": group[0]} if group else {})


def test_the_figures_of_rows_are_those_of_the_events_behind_them(
    engine: EmbeddedClickHouse, store: Client, tmp_path: Path
) -> None:
    Installation(store).play(History(7))
    asked = asked_on(engine, tmp_path, REGISTRY)
    seen: dict[str, int] = {}

    def check(view: str, figure: str, type_: str = "", each: str = "") -> None:
        for value, row in some_rows(store, view, figure, each):
            found = asked.health(**row)
            listed = [one for one in found["events"] if type_ in ("", one["type"])]
            assert len(listed) == value and not found["more"], row
            assert type_ or found["count"] == value, row
            seen[view] = seen.get(view, 0) + value

    check("performance", "events")
    check("reception", "events")
    check("reception", "if(level = 'unit', checks, NULL)")
    check("clinic_coverage", "doses_given", "clinic.immunization.given")
    assert min(seen.values()) > 20 and len(seen) == 3

    eaten = {
        (unit, id_): dict(zip(("sd", "smp", "guru", "paud", "santri"), some, strict=True))
        for unit, id_, *some in store.query(
            "SELECT unit_id, id, data.eaten.sd, data.eaten.smp, data.eaten.guru, data.eaten.paud, data.eaten.santri "
            "FROM pantau.events WHERE type = 'sppg.meal.eaten'"
        ).result_rows
    }
    total = 0
    for value, row in some_rows(store, "coverage", "eaten", ", group"):
        group, behind = row["group"], asked.health(**row)["events"]
        meals = [eaten[one["source"], one["id"]] for one in behind]
        assert value == sum(n or 0 for of in meals for name, n in of.items() if group in ("all", name)), row  # fmt: skip
        assert group == "all" or None not in [of.get(group) for of in meals], row
        total += value
    assert total > 1_000
