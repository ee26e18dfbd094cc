"""The rules of view `plausibility` on the real engine: each holds for its own days, and for no ordinary ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client

from contracts.results.tables import TABLES
from tests.examples import KITCHEN, REGION
from tests.storage.landed_sink import Sink, performance

pytestmark = pytest.mark.real

FIRST: Final = date(2026, 10, 1)
CAPACITY: Final = 3_000


def day(number: int, **figures: Any) -> dict[str, Any]:
    """An ordinary day, no two alike."""
    at = FIRST + timedelta(days=number)
    return performance(
        day=at.isoformat(),
        window_start=f"{at - timedelta(days=1)}T17:00:00Z",
        window_end=f"{at}T17:00:00Z",
        **{
            "portions_target": 1000,
            "portions_cooked": 1000 + number,
            "portions_dispatched": 990 + number,
            "portions_received": 980 + number,
            "portions_eaten": 900 + number,
            "deliveries": 6,
            "cook_to_receive_p50_min": 40 + number,
            "cook_to_receive_p95_min": 80,
            "cook_to_receive_max_min": 90 + number,
        }
        | figures,
    )


def checked(number: int, portions: int, refused: int, checks: int) -> dict[str, Any]:
    """What the recipients of a day say of the kitchen."""
    of_kitchen = day(number)
    row: dict[str, Any] = {
        column.name: None if column.type.startswith("Nullable") else 0
        for column in TABLES["reception"].columns
    }
    same = {name: of_kitchen[name] for name in row.keys() & of_kitchen.keys() if name != "events"}
    said = {"portions_confirmed": portions, "portions_refused": refused, "checks": checks}
    return row | same | said


@pytest.fixture
def sink(store: Client) -> Sink:
    made = Sink(store)
    made.position(1, time="2026-10-20T17:00:00Z")
    store.command(
        "INSERT INTO pantau_store.registry_units (region, unit_id, kind, capacity, valid_from, revision) VALUES "
        f"('{REGION}', '{KITCHEN}', 'sppg', {CAPACITY}, '2026-09-01', 1), "
        f"('{REGION}', '{KITCHEN}', 'sppg', 10, '2026-12-01', 1)"
    )
    return made


def found(sink: Sink) -> set[tuple[str, int]]:
    rows = sink.ask("SELECT rule, day FROM pantau.plausibility WHERE level = 'unit'")
    return {(rule, (at - FIRST).days) for rule, at in rows}


def fill(
    sink: Sink, days: Sequence[dict[str, Any]], *checks: dict[str, Any]
) -> set[tuple[str, int]]:
    sink.rows("performance", *days)
    if checks:
        sink.rows("reception", *checks)
    return found(sink)


def test_ordinary_days_raise_no_question(sink: Sink) -> None:
    checks = [checked(number, 970, 10 + number, 6) for number in range(12)]
    assert fill(sink, [day(number) for number in range(12)], *checks) == set()


def test_received_as_registered_from_the_tenth_day_on(sink: Sink) -> None:
    days = [day(n, portions_received=1000, portions_dispatched=1000 + n) for n in range(12)]
    # A day without service between them is none.
    days[3] = days[3] | {"portions_target": 0, "portions_received": 0}
    assert fill(sink, days) == {("received_as_registered", 10), ("received_as_registered", 11)}


def test_same_figures_from_the_fifth_day_on(sink: Sink) -> None:
    same = {name: day(0)[name] for name in day(0) if name.startswith("portions_")}
    days = [day(n, **same) for n in range(6)] + [day(6)]
    assert fill(sink, days) == {("same_figures", 4), ("same_figures", 5)}
    idle = {name: 0 for name in same if name != "portions_target"}
    assert fill(sink, [day(n, **idle, deliveries=0) for n in range(7, 14)]) == {
        ("same_figures", 4),
        ("same_figures", 5),
    }


def test_same_minutes_from_the_fifth_day_on(sink: Sink) -> None:
    minutes = {"cook_to_receive_p50_min": 45, "cook_to_receive_max_min": 45}
    assert fill(sink, [day(n, **minutes) for n in range(6)]) == {
        ("same_minutes", 4),
        ("same_minutes", 5),
    }


def test_few_deliveries_may_well_take_the_same_minutes(sink: Sink) -> None:
    minutes = {"cook_to_receive_p50_min": 45, "cook_to_receive_max_min": 45, "deliveries": 1}
    none = {"cook_to_receive_p50_min": None, "cook_to_receive_max_min": None}
    assert fill(sink, [day(n, **(minutes if n < 6 else none)) for n in range(14)]) == set()


def test_a_day_by_itself(sink: Sink) -> None:
    days = [
        day(0, portions_dispatched=900, portions_received=901),
        day(1, portions_cooked=CAPACITY),
        day(2, portions_cooked=CAPACITY + 1),
        day(3, portions_received=1000, portions_dispatched=1000),
        day(4, portions_received=1000, portions_dispatched=1000),
        day(5, portions_received=1000, portions_dispatched=1000),
        # Not over yet: the rest may still be reported.
        day(40, portions_dispatched=0),
    ]
    # 10 % apart; more; more, but not all deliveries were checked.
    checks = [checked(3, 880, 20, 6), checked(4, 880, 19, 6), checked(5, 100, 0, 5)]
    assert fill(sink, days, *checks) == {
        ("dispatched_less_than_received", 0),
        ("cooked_above_capacity", 2),
        ("confirmed_unlike_received", 4),
    }
    rows = sink.ask(
        "SELECT figures FROM pantau.plausibility WHERE rule = 'confirmed_unlike_received'"
    )
    assert rows == [({"portions_received": 1000, "portions_checked": 899},)]
