"""The audit against the core: random histories audit clean, and whatever is broken in the store is named."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest
from clickhouse_connect.driver.client import Client

from audit import run
from audit.report import Report
from audit.run import audit
from contracts.registry.region_rows import Thresholds
from storage.schema import STORE
from tests.audit.audit_installation import REGION, History, Installation

_PLACES: Final = 15
"""Units, recipients and areas of the installation's registry."""


def look(store: Client, first: date | None = None, last: date | None = None) -> Report:
    return audit(store, REGION, first, last, Thresholds(), lambda _line: None, 0.5, 0.0)


def shown(report: Report) -> str:
    return "\n".join(map(str, report.differences[:20]))


@pytest.mark.parametrize(("seed", "in_weeks"), [(0, False), (1, True)])
def test_random_histories_audit_clean(
    store: Client, monkeypatch: pytest.MonkeyPatch, seed: int, in_weeks: bool
) -> None:
    """`in_weeks`: as days of a large region are compared, a week at once, and added up, a month at once."""
    if in_weeks:
        monkeypatch.setattr(run, "_COMPARED", (1_000_000, 7 * _PLACES))
        monkeypatch.setattr(run, "_ADDED", (1_000_000, 31 * _PLACES))
    Installation(store).play(History(seed))
    told: list[str] = []
    report = audit(store, REGION, None, None, Thresholds(), told.append, 0.5, 0.0)
    assert sum(line.startswith("comparing") for line in told) == (9 if in_weeks else 1)
    assert report.clean, f"{len(report.differences)} + {report.more} differences\n{shown(report)}"
    assert report.rows > 5_000
    assert report.moving == 0


def change(store: Client, sql: str) -> None:
    store.command(sql.replace("{store}", STORE), settings={"mutations_sync": "1"})


def pick(store: Client, sql: str) -> tuple[str, ...]:
    row = store.query(sql.replace("{store}", STORE)).result_rows[0]
    return tuple(str(value) for value in row)


def where(view: str, level: str, window: str, extra: str = "1") -> str:
    """Area and end of the last but one row of a kind."""
    return (
        f"SELECT area_id, toString(window_end), toString(day) FROM {{store}}.{view} FINAL WHERE level = '{level}' "
        f"AND window = '{window}' AND ({extra}) ORDER BY window_end DESC, area_id LIMIT 1 OFFSET 1"
    )


def at(level: str, window: str, place: tuple[str, ...]) -> str:
    return f"level = '{level}' AND window = '{window}' AND area_id = '{place[0]}' AND window_end = '{place[1]}'"


def test_what_is_broken_in_the_store_is_named(store: Client) -> None:
    Installation(store).play(History(11, events=150, days=33))
    cell = pick(store, where("performance", "kecamatan", "7d", "events > 1"))
    lost = pick(store, where("coverage", "kabupaten", "1d"))
    pane = pick(store, where("performance", "unit", "15m"))
    child = pick(store, where("clinic_coverage", "unit", "30d", "children_measured > 0"))
    declined = pick(store, where("reception", "kecamatan", "7d", "declined > 0"))
    checked = pick(store, where("reception", "unit", "30d", "checks > 0"))
    alone = "id NOT IN (SELECT id FROM {store}.event_status) AND supersedes = '' AND parsed = 1"
    hidden = pick(
        store,
        "SELECT topic, partition, offset, line, id FROM {store}.raw_lines WHERE type = 'sppg.meal.eaten' "
        f"AND {alone} AND (topic, partition, offset, line) NOT IN "
        "(SELECT topic, partition, offset, line FROM {store}.exceptions) ORDER BY time DESC LIMIT 1",
    )
    corrected = pick(
        store,
        "SELECT source, id FROM {store}.event_status WHERE superseded_by != '' ORDER BY id LIMIT 1",
    )

    change(
        store,
        "ALTER TABLE {store}.performance UPDATE events = events + 1 WHERE "
        + at("kecamatan", "7d", cell),
    )
    change(
        store,
        f"ALTER TABLE {{store}}.coverage DELETE WHERE `group` = 'all' AND {at('kabupaten', '1d', lost)}",
    )
    change(
        store,
        "INSERT INTO {store}.performance SELECT * REPLACE(window_end + 60 AS window_end) FROM "
        f"(SELECT * FROM {{store}}.performance WHERE {at('unit', '15m', pane)})",
    )
    change(
        store,
        "ALTER TABLE {store}.clinic_coverage UPDATE children_stunted = children_stunted + 1 WHERE "
        + at("unit", "30d", child),
    )
    change(
        store,
        "ALTER TABLE {store}.reception UPDATE declined = declined + 1 WHERE "
        + at("kecamatan", "7d", declined),
    )
    change(store, "ALTER TABLE {store}.reception DELETE WHERE " + at("unit", "30d", checked))
    change(
        store,
        "INSERT INTO {store}.exceptions (topic, partition, offset, line, verdict, code) VALUES "
        f"('{hidden[0]}', {hidden[1]}, {hidden[2]}, {hidden[3]}, 'refused', 'unknown_unit')",
    )
    change(
        store,
        f"ALTER TABLE {{store}}.event_status UPDATE counts = 1 - counts WHERE id = '{corrected[1]}'",
    )

    report = look(store)
    found = {
        (one.view, one.level, one.area_id, one.window, one.group, one.column): one
        for one in report.differences
    }
    assert len(report.differences) == 9, shown(report)
    assert ("performance", "kecamatan", cell[0], "7d", "", "events") in found
    assert ("coverage", "kabupaten", REGION, "1d", "all", "row") in found
    too_many = found["performance", "unit", pane[0], "15m", "", "row"]
    assert (too_many.stored, too_many.recomputed) == ("present", "absent")
    stunted = found["clinic_coverage", "unit", child[0], "30d", "", "children_stunted"]
    assert int(stunted.stored) == int(stunted.recomputed) + 1
    assert stunted.events
    too_few = found["reception", "kecamatan", declined[0], "7d", "", "declined"]
    assert int(too_few.stored) == int(too_few.recomputed) + 1
    assert too_few.events
    assert found["reception", "unit", checked[0], "30d", "", "row"].stored == "absent"
    by_event = {(one.column, one.events): one for one in report.differences if one.view == "events"}
    refused = by_event["verdict", (hidden[4],)]
    assert (refused.stored, refused.recomputed) == ("refused (unknown_unit)", "new")
    (letter,) = (one for one in report.differences if one.view == "dead_letters")
    assert letter.events == (hidden[4],)
    assert ("counts", (corrected[1],)) in by_event


def test_a_line_that_never_landed_shows_in_every_window_of_it(store: Client) -> None:
    Installation(store).play(History(59, events=60, days=10))
    gone = pick(
        store,
        "SELECT topic, partition, offset, unit_id, toString(toDate(time, 'Asia/Jakarta')) FROM {store}.raw_lines "
        "WHERE type = 'sppg.cooking.finished' AND supersedes = '' AND parsed = 1 "
        "AND id NOT IN (SELECT id FROM {store}.event_status) AND (topic, partition, offset, line) NOT IN "
        "(SELECT topic, partition, offset, line FROM {store}.exceptions) ORDER BY time LIMIT 1",
    )
    day = date.fromisoformat(gone[4])
    change(
        store,
        f"ALTER TABLE {{store}}.raw_lines DELETE WHERE topic = '{gone[0]}' AND partition = {gone[1]} AND offset = {gone[2]}",
    )
    report = look(store, day, day)
    windows = {(one.level, one.window) for one in report.differences}
    assert windows >= {
        (level, window)
        for level in ("unit", "kecamatan", "kabupaten")
        for window in ("15m", "1h", "1d", "7d", "30d")
    }
    assert all(one.view == "performance" for one in report.differences)


def test_rows_that_change_meanwhile_are_counted_and_not_compared(store: Client) -> None:
    made = Installation(store)
    made.play(History(13, events=40, days=4))
    change(
        store,
        "INSERT INTO {store}.coverage SELECT * REPLACE(revision + 1000000 AS revision, eaten + 1 AS eaten) "
        "FROM {store}.coverage FINAL WHERE level = 'kabupaten'",
    )
    report = look(store)
    assert report.clean, shown(report)
    assert report.moving > 50
