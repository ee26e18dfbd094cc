"""Suspected clusters that are over, from the streams' own rows in a real ClickHouse: who is shown what, and the word on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client

from chassis.settings import Settings
from contracts.commands import ASSESSABLE_MS, Assess
from contracts.time.clock import DemoClock, Segment, real_now_ms, rfc3339
from contracts.tokens import Role
from dashboard_ws.gateway.stream.analyst_store import AnalystStore
from tests.dashboard_ws.gateway.api.desk.desk_routes import DeskRoutes
from tests.examples import KITCHEN, REGION, SCHOOL
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.storage.landed_sink import Sink
from tests.streams.alert_day import AlertDay, at

pytestmark = pytest.mark.real

DAY_MS: Final = 86_400_000
WORD: Final = {"assessment": "discarded", "note": "norovirus dari luar"}


class Office:
    """A desk on a real ClickHouse. `now_ms`: where its clock stands."""

    def __init__(
        self, engine: EmbeddedClickHouse, folder: Path, now_ms: int, url: str = ""
    ) -> None:
        given = {"data_dir": engine.home.path, "clickhouse_url": url or engine.url}
        store = AnalystStore(Settings().model_copy(update=given))
        clock = DemoClock([Segment(real_now_ms(), now_ms, 0.0)])
        self.routes = DeskRoutes(folder, {}, store=store, clock=clock)

    def over(self, role: Role) -> list[dict[str, Any]]:
        answer = self.routes.asks(role, "clusters", region=REGION)
        assert answer.status_code == 200, answer.text
        assert answer.json()["more"] is False
        found: list[dict[str, Any]] = answer.json()["clusters"]
        return found

    def assess(self, alert_id: str) -> int:
        return self.routes.ask("health", f"{alert_id}/assess", WORD).status_code


def test_a_word_that_comes_with_the_laboratorys_result_reaches_the_stored_alert(
    engine: EmbeddedClickHouse, store: Client, tmp_path: Path
) -> None:
    day = AlertDay()
    day.post(
        "09:00", "sppg.delivery.received", subject=SCHOOL, cooked_at="2026-11-24T07:00:00+07:00"
    )
    for number in range(4):
        day.post(
            f"13:{number:02}", "clinic.case.reported", subject=SCHOOL, patient=f"{number + 10:031x}a",
            onset="2026-11-24T12:00:00+07:00", ate_at=...,
        )  # fmt: skip
    day.pass_to("+9 08:00")
    sink = Sink(store)

    def stored() -> None:
        sink.rows("alert_changes", *day.plant.tables.pop("alert_changes"))

    stored()
    office = Office(engine, tmp_path, at("+9 08:01"))
    [shown] = office.over("desk")
    assert (shown["unit_id"], shown["name"], shown["subject"]) == (KITCHEN, f"Satuan {KITCHEN}", "")
    assert (shown["resolution"], shown["people"], shown["nameless"]) == ("no_new_case", None, 0)
    assert shown["resolved_at"] == rfc3339(at("+3 13:03"))
    assert (shown["assessment"], shown["assessed_by"], shown["assessed_at"]) == ("", "", None)
    [shown] = office.over("health")
    assert shown["people"] == 4

    assert office.assess(shown["id"]) == 202
    [word] = office.routes.given
    assert isinstance(word, Assess)
    day.command("+9 08:02", word)
    stored()
    [shown] = office.over("health")
    assert (shown["assessment"], shown["assessed_by"], shown["note"]) == (
        *("discarded", "dewi", WORD["note"]),
    )
    assert shown["assessed_at"] == rfc3339(at("+9 08:02"))
    columns = "state, assessment, assessed_by, toString(assessed_at)"
    assert sink.ask(f"SELECT {columns} FROM pantau.alerts WHERE kind = 'foodborne_cluster'") == [
        ("resolved", "discarded", "dewi", "2026-12-03 01:02:00")
    ]


def cluster(id_: str, over_ms: int | None, now_ms: int, **more: Any) -> dict[str, Any]:
    """Over since so long ago; None: open."""
    row = {
        "id": id_, "short_id": "G1", "region": REGION, "kind": "foodborne_cluster", "severity": 3,
        "unit_id": KITCHEN, "subject": "", "raised_at": rfc3339(now_ms - 50 * DAY_MS),
        "updated_at": rfc3339(now_ms), "evidence": '{"people":7}', "revision": 1, "resolution": "",
        "acknowledged_by": "", "assessment": "", "assessed_by": "", "note": "",
        "state": "raised" if over_ms is None else "resolved",
        "resolved_at": None if over_ms is None else rfc3339(now_ms - over_ms),
    }  # fmt: skip
    return row | more


def test_what_is_listed_and_what_may_be_assessed(
    engine: EmbeddedClickHouse, store: Client, tmp_path: Path
) -> None:
    now = real_now_ms()
    Sink(store).rows(
        "alert_changes",
        cluster("kitchen", DAY_MS, now, evidence='{"people":7,"grounds":{"nameless":3}}'),
        cluster("lot", ASSESSABLE_MS - 60_000, now, unit_id="", subject="Tani/L-1"),
        cluster("old", ASSESSABLE_MS + 60_000, now),
        cluster("open", None, now),
        cluster("part", DAY_MS, now, evidence='{"people":7,"part_of":"kitchen"}'),
        cluster("late", DAY_MS, now, kind="delivery_late"),
        cluster("foreign", DAY_MS, now, region="32.08"),
    )
    office = Office(engine, tmp_path, now)
    shown = office.over("desk")
    assert [(one["id"], one["name"], one["subject"]) for one in shown] == [
        ("kitchen", f"Satuan {KITCHEN}", ""),
        ("lot", "", "Tani/L-1"),
    ]
    assert [(one["people"], one["nameless"]) for one in shown] == [(7, None), (7, 0)]
    assert [one["nameless"] for one in office.over("health")] == [3, 0]
    ids = ("kitchen", "lot", "old", "open", "part", "late", "foreign", "none", "x' OR 1=1 --")
    assert [office.assess(one) for one in ids] == [202, 202, 404, 202, 202, 404, 404, 404, 404]
    assert len(office.routes.given) == 4


def test_who_may_ask_and_what_is_answered_while_the_store_is_away(
    engine: EmbeddedClickHouse, tmp_path: Path
) -> None:
    away = Office(engine, tmp_path, real_now_ms(), "http://127.0.0.1:9")
    assert away.routes.asks("admin", "clusters", region=REGION).status_code == 403
    assert away.routes.asks("desk", "clusters").status_code == 422
    assert away.routes.asks("health", "clusters", region="32.08").status_code == 404
    for answer in (
        away.routes.asks("health", "clusters", region=REGION),
        away.routes.ask("health", "kitchen/assess", WORD),
    ):
        assert answer.status_code == 503 and answer.headers["retry-after"]
