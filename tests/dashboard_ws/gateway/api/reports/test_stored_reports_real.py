"""Lists of reports and of what was refused, asked of a real ClickHouse with an analyst's rights: who is shown what."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client

from chassis.settings import Settings
from contracts.time.clock import real_now_ms, rfc3339
from contracts.tokens import Role
from dashboard_ws.gateway.stream.analyst_store import AnalystStore
from tests.dashboard_ws.gateway.api.desk.desk_routes import DeskRoutes
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL, line
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.registry_small import SMALL
from tests.storage.landed_sink import Rec, Sink
from tests.storage.test_letter_and_registry_views import _letter

pytestmark = pytest.mark.real

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


def ago(ms: int) -> str:
    return rfc3339(real_now_ms() - ms)


def desk_on(engine: EmbeddedClickHouse, folder: Path, url: str | None = None) -> DeskRoutes:
    given = {"data_dir": engine.home.path, "clickhouse_url": url or engine.url}
    return DeskRoutes(folder, {}, store=AnalystStore(Settings().model_copy(update=given)))


@pytest.fixture
def desk(engine: EmbeddedClickHouse, store: Client, tmp_path: Path) -> DeskRoutes:
    sink = Sink(store)
    sink.registry(SMALL)
    now_ms = real_now_ms()

    def stored(topic: str, *lines: bytes) -> None:
        sink.events(Rec(topic, 0, 0, b"\n".join(lines), timestamp=now_ms))
        sink.position(1, topic=topic)

    def school(id_: str, type_: str, hours: int, **more: Any) -> bytes:
        return line(f"recipient.{type_}", id=id_, time=ago(hours * HOUR_MS), receivedtime=rfc3339(now_ms), **more)  # fmt: skip

    stored(
        "recipient.events",
        school("few", "attendance.reported", 3, data={"present": {"sd": 280, "guru": 12}, "absent_ill": 3}),
        school("many", "attendance.reported", 2, data={"present": {"sd": 280}, "absent_ill": 5}, supersedes="z"),
        school("ill", "illness.noticed", 1, data={"since": ago(5 * HOUR_MS)}),
        school("old", "meal.eaten", 24 * 9),
        school("gone", "meal.eaten", 4),
    )  # fmt: skip
    sink.rows(
        "event_status",
        {"source": f"/{REGION}/recipient/{SCHOOL}", "id": "gone", "superseded_by": "", "retracted": 1, "counts": 0, "revision": 1},
    )  # fmt: skip
    stored("clinic.events", line("clinic.cases.counted", id="k", time=ago(HOUR_MS), data={"cases": 2}))  # fmt: skip
    stored(
        "sppg.events",
        line("sppg.temperature.measured", id="t", time=ago(HOUR_MS)),
        line("sppg.delivery.received", id="d", time=ago(HOUR_MS)),
        line("unit.heartbeat", id="h", time=ago(HOUR_MS)),
    )
    return desk_on(engine, tmp_path)


def ids(desk: DeskRoutes, role: Role, **query: str) -> list[str]:
    answer = desk.asks(role, "reports", **query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["reports"]]


def test_the_reports_of_a_source_are_listed_as_far_as_the_role_goes(desk: DeskRoutes) -> None:
    found = desk.asks("desk", "reports", source=SCHOOL).json()
    assert (found["name"], found["more"], found["hidden"]) == (f"Sekolah {SCHOOL}", False, True)
    many, few = found["reports"]
    assert (many["id"], many["is_correction"], many["facts"]) == ("many", True, {"present": 280, "absent_ill": 5})  # fmt: skip
    assert (few["id"], few["is_correction"], few["facts"]) == ("few", False, {"present": 292, "absent_ill": None})  # fmt: skip

    found = desk.asks("health", "reports", source=SCHOOL).json()
    assert [one["id"] for one in found["reports"]] == ["ill", "many", "few"]
    assert (found["hidden"], found["reports"][2]["facts"]["absent_ill"]) == (False, 3)
    assert ids(desk, "desk", source=SCHOOL, days="30") == ["many", "few", "old"]
    assert ids(desk, "desk", source=SCHOOL, type="recipient.illness.noticed") == []
    assert ids(desk, "desk", source=CLINIC) == []
    assert ids(desk, "health", source=CLINIC) == ["k"]

    [delivery] = desk.asks("desk", "reports", source=KITCHEN).json()["reports"]
    assert (delivery["id"], delivery["subject"]) == ("d", f"Sekolah {SCHOOL}")
    assert ids(desk, "desk", source=KITCHEN, type="sppg.temperature.measured") == ["t"]


def test_a_list_says_that_there_is_more(desk: DeskRoutes, store: Client) -> None:
    lines = [line("sppg.food.tested", id=f"m{n}", time=ago(HOUR_MS)) for n in range(120)]
    Sink(store).events(Rec("sppg.events", 1, 0, b"\n".join(lines), timestamp=real_now_ms()))
    Sink(store).position(1, partition=1)
    found = desk.asks("desk", "reports", source=KITCHEN).json()
    assert (len(found["reports"]), found["more"]) == (100, True)


@pytest.mark.parametrize(
    ("id_", "type_", "status"),
    [
        ("few", "attendance.reported", 202),
        ("few", "meal.eaten", 400),
        ("gone", "meal.eaten", 409),
        ("nobody", "meal.eaten", 404),
        ("d", "meal.eaten", 404),
        ("x' OR 1=1 --", "meal.eaten", 404),
    ],
)
def test_only_a_report_that_is_there_and_counts_is_returned(
    desk: DeskRoutes, id_: str, type_: str, status: int
) -> None:
    answer = desk.give_back("desk", source=SCHOOL, id=id_, type=f"recipient.{type_}", note="n")
    assert answer.status_code == status, answer.text
    assert len(desk.given) == (status == 202)


def test_an_id_may_hold_what_clickhouse_reads_otherwise(desk: DeskRoutes, store: Client) -> None:
    odd = "a\\b\tc\nd"
    eaten = line(
        "recipient.meal.eaten", id=odd, source=f"/{REGION}/recipient/{SCHOOL}", time=ago(HOUR_MS)
    )
    Sink(store).events(Rec("recipient.events", 1, 0, eaten, timestamp=real_now_ms()))
    Sink(store).position(1, topic="recipient.events", partition=1)
    answer = desk.give_back("desk", source=SCHOOL, id=odd, type="recipient.meal.eaten", note="n")
    assert answer.status_code == 202, answer.text


def test_who_may_ask_and_what_is_said_while_the_store_is_away(
    desk: DeskRoutes, engine: EmbeddedClickHouse, tmp_path: Path
) -> None:
    assert desk.asks("admin", "reports", source=SCHOOL).status_code == 403
    assert desk.asks("desk", "reports", source="npsn:9").status_code == 404
    assert desk.asks("desk", "reports", source=SCHOOL, days="31").status_code == 422
    assert desk.asks("desk", "refused", region=REGION).status_code == 403
    assert desk.asks("admin", "refused", region="32.98").status_code in (404, 503)
    away = desk_on(engine, tmp_path, "http://127.0.0.1:9")
    for answer in (
        away.asks("health", "reports", source=SCHOOL),
        away.asks("admin", "refused", region=REGION),
        away.give_back("desk", source=SCHOOL, id="few", type="recipient.meal.eaten", note="n"),
    ):
        assert answer.status_code == 503 and answer.headers["retry-after"]


def test_what_was_refused_is_counted_by_day_source_and_code_without_a_value(
    desk: DeskRoutes, store: Client
) -> None:
    sink, before = Sink(store), ago(2 * DAY_MS)
    sink.rows(
        "dead_letters",
        *(_letter(f"a{n}", received_at=before, line=n, detail="secret") for n in range(3)),
        _letter("b", received_at=before, unit_id=SCHOOL, attempts=2),
        _letter("c", received_at=before, unit_id="SPPG-named-by-anybody", region="", code="bad_source"),
        _letter("d", received_at=ago(20 * DAY_MS)),
        _letter("e", received_at=before, region="32.08"),
    )  # fmt: skip
    answer = desk.asks("admin", "refused", region=REGION)
    assert answer.status_code == 200, answer.text
    found = answer.json()["counts"]
    columns = ("source", "name", "code", "letters", "again")
    assert [tuple(one[column] for column in columns) for one in found] == [
        (KITCHEN, f"Satuan {KITCHEN}", "too_old", 3, 0),
        ("", "", "bad_source", 1, 0),
        (SCHOOL, f"Sekolah {SCHOOL}", "too_old", 1, 1),
    ]
    assert "secret" not in answer.text and "anybody" not in answer.text
    assert len({one["day"] for one in found}) == 1
    assert len(desk.asks("admin", "refused", region=REGION, days="30").json()["counts"]) == 4
