"""The audit of alerts: a day with one of each kind audits clean, and each that is broken in the store is named."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client

from audit.report import Report
from audit.run import audit
from contracts.registry.region_rows import Thresholds
from contracts.time.clock import rfc3339
from contracts.time.days import DAY_MS, Zone
from tests import examples
from tests.audit.audit_installation import (
    FIRST_DAY,
    KITCHENS,
    REGION,
    REGISTRY,
    SCHOOLS,
    Installation,
)
from tests.audit.given_holds import given_holds
from tests.audit.memory_log import MemoryLog
from tests.audit.test_run import change, pick, shown

_DAY: Final = FIRST_DAY + 7
_MONDAY: Final = date(2026, 10, 5)
_EACH: Final = {
    *("delivery_late", "shortfall", "over_4h", "unsafe_batch", "over_capacity", "temperature"),
    *("unit_silent", "old_food", "food_refused"),
}
_KITCHEN, _OTHER = KITCHENS[0], KITCHENS[1]
_SCHOOL, _LATE = SCHOOLS[1], SCHOOLS[2]
_ZONE: Final = Zone("Asia/Jakarta")


def at(text: str) -> int:
    """HH:MM of that Monday, epoch ms."""
    hours, minutes = text.split(":")
    return _ZONE.day_start_ms(_DAY) + (int(hours) * 60 + int(minutes)) * 60_000


class _Day:
    """Events in the order in which they are received."""

    def __init__(self, store: Client) -> None:
        self.installation = Installation(store)
        self.installation.publish(REGISTRY, at("00:00") - DAY_MS)
        source, before = f"/{REGION}/sppg/{_KITCHEN}", at("12:00") - DAY_MS
        beat = examples.event("unit.heartbeat", id="e0", source=source, time=rfc3339(before))
        self.installation.send(before, _KITCHEN, json.dumps(beat).encode())

    def post(self, when: str, type_: str, unit: str = _KITCHEN, **fields: Any) -> None:
        kind = "recipient" if unit in SCHOOLS else "sppg"
        attributes = {
            name: fields.pop(name) for name in ("subject", "supersedes") if name in fields
        }
        made = examples.event(
            type_, id=f"e{when}{type_}{unit}", source=f"/{REGION}/{kind}/{unit}",
            time=rfc3339(at(fields.pop("of", when))), data=fields, **attributes,
        )  # fmt: skip
        self.installation.send(at(when), unit, json.dumps(made).encode())

    def temperature(self, when: str, celsius: float) -> None:
        point, sensor = "chiller", "c1"
        self.post(when, "sppg.temperature.measured", point=point, sensor=sensor, temp_c=celsius)

    def end(self) -> None:
        self.installation.tick(at("23:59") + 3_600_000)
        self.installation.flush()
        self.installation.write()


@pytest.fixture
def monday(store: Client) -> Installation:
    """A store of a day with an alert of each kind."""
    day = _Day(store)
    day.temperature("05:00", 3.0)
    old: dict[str, Any] = {
        "lot": "L-9",
        "ready_to_eat": True,
        "made_at": rfc3339(at("05:00") - 2 * DAY_MS),
    }
    day.post("05:10", "sppg.ingredient.received", **old)
    day.temperature("05:20", 11.0)
    day.temperature("05:35", 11.5)
    day.post("05:40", "sppg.cooking.finished", batch="B-1", portions=2000, lots=["L-9"])
    day.temperature("05:50", 3.0)
    day.post("06:00", "sppg.cooking.finished", batch="B-2", portions=1500, lots=["L-1"])
    day.post("06:30", "sppg.dispatch.departed", batches=["B-1"])
    batch = {"batch": "B-1", "cooked_at": rfc3339(at("04:00")), "package": "fresh"}
    day.post("09:50", "sppg.delivery.received", subject=_SCHOOL, portions=120, **batch)
    day.post("10:40", "sppg.food.tested", batch="B-1", passed=False)
    checked = {"kitchen": _KITCHEN, "refused": 9, "reasons": ["smell"], "senses_passed": False}
    day.post("10:45", "recipient.delivery.checked", _SCHOOL, **checked)
    batch |= {"batch": "B-7", "cooked_at": rfc3339(at("09:00"))}
    day.post("11:00", "sppg.delivery.received", _OTHER, subject=_LATE, portions=34, **batch)
    for when, command in given_holds():
        day.installation.command(at(when), command)
    day.end()
    return day.installation


def test_each_kind_is_audited(monday: Installation) -> None:
    store = monday.client
    report = of_day(monday)
    assert report.clean, shown(report)
    ids = {kind: _id(store, kind) for kind in _EACH}
    change(
        store,
        "INSERT INTO {store}.alert_changes SELECT * REPLACE('food_refused-0' AS id, 'npsn:0' AS subject, "
        "(SELECT max(revision) + 1 FROM {store}.alert_changes) AS revision) "
        f"FROM (SELECT * FROM {{store}}.alert_changes WHERE id = '{ids['food_refused']}')",
    )
    lost = {ids[k] for k in ("food_refused", "temperature", "old_food", "shortfall", "unit_silent")}
    for sql in (
        *(f"DELETE WHERE id = '{identity}'" for identity in lost),
        f"DELETE WHERE id = '{ids['delivery_late']}' AND state = 'resolved'",
        f"UPDATE severity = 1 WHERE id = '{ids['over_4h']}'",
        f"UPDATE raised_at = raised_at + INTERVAL 1 HOUR WHERE id = '{ids['unsafe_batch']}'",
        f"UPDATE resolution = 'corrected' WHERE id = '{ids['over_capacity']}' AND state = 'resolved'",
        "DELETE WHERE id = 'hold-stands'",
        "DELETE WHERE id = 'hold-lifted' AND state = 'resolved'",
        "UPDATE evidence = replace(evidence, '\"eaten_count\":1', '\"eaten_count\":0') WHERE id = 'hold-lifted'",
        "UPDATE resolution = 'lifted', evidence = replace(evidence, 'last\":21', 'last\":9') WHERE id = 'hold-over'",
    ):
        change(store, f"ALTER TABLE {{store}}.alert_changes {sql}")
    found = of_day(monday).differences
    assert {one.view for one in found} == {"alerts"}
    assert any(one.column == "history" for one in found), "a change was deleted"
    wrong = {(one.column, one.events[0], one.stored) for one in found if one.column != "history"}
    assert wrong == {
        *(("row", identity, "absent") for identity in lost),
        ("row", "food_refused-0", "present"),
        ("state", ids["delivery_late"], "raised"),
        ("severity", ids["over_4h"], "1"),
        ("raised_at", ids["unsafe_batch"], wrong_time(store, ids["unsafe_batch"])),
        ("resolution", ids["over_capacity"], "corrected"),
        ("row", "hold-stands", "absent"),
        ("state", "hold-lifted", "raised"),
        ("eaten_count", "hold-lifted", "0"),
        ("resolution", "hold-over", "lifted"),
        ("minutes_to_last", "hold-over", "9"),
    }


def wrong_time(store: Client, identity: str) -> str:
    return pick(
        store,
        f"SELECT toString(raised_at) FROM {{store}}.alert_changes WHERE id = '{identity}' LIMIT 1",
    )[0]


def of_day(installation: Installation) -> Report:
    days = (_MONDAY, _MONDAY, Thresholds(), lambda _line: None, 0.5, 0.0)
    log = MemoryLog(installation.logged, commands=installation.commands)
    return audit(installation.client, REGION, *days, log=log)


def _id(store: Client, kind: str) -> str:
    """Of an alert of a kind that was raised on the day, of a kitchen whose registry row is old."""
    (one,) = pick(
        store,
        f"SELECT id FROM {{store}}.alert_changes WHERE kind = '{kind}' AND unit_id NOT IN ('', '{KITCHENS[2]}') "
        f"AND toDate(raised_at, 'Asia/Jakarta') = '{_MONDAY}' ORDER BY raised_at, id LIMIT 1",
    )
    return one
