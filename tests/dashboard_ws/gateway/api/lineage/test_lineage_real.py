"""The events behind rows, asked of a real ClickHouse with an analyst's rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from chassis.settings import Settings
from contracts.registry.entities import Kecamatan, RegionRegistry
from contracts.time.days import iso_to_day
from dashboard_ws.gateway.stream.analyst_store import AnalystStore
from tests.dashboard_ws.gateway.api.lineage.asked_lineage import AskedLineage, ids
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL, line
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.registry_small import KECAMATAN, SECOND_KITCHEN, SMALL, recipient
from tests.storage.landed_sink import Rec, Sink

pytestmark = pytest.mark.real

NEXT: Final = f"{REGION}.09"
MOVED: Final = iso_to_day("2026-11-24")
"""Kitchen and school leave their kecamatan on this local day."""
REGISTRY: Final = RegionRegistry(
    msgspec.structs.replace(SMALL.region, kecamatan=(*SMALL.region.kecamatan, Kecamatan(NEXT, "Baru"))),
    (*SMALL.units, msgspec.structs.replace(SMALL.units[0], kecamatan=NEXT, valid_from=MOVED)),
    (*SMALL.recipients, msgspec.structs.replace(SMALL.recipients[0], kecamatan=NEXT, valid_from=MOVED)),
)  # fmt: skip
WEEK: Final = {"window": "7d", "window_end": "2026-11-25T17:00:00Z"}
OTHER_SCHOOL: Final = "npsn:20208124"
ODD: Final = "a\\b'c\"d\t\u202e\n{e}"


def asked_on(engine: EmbeddedClickHouse, folder: Path, registry: RegionRegistry) -> AskedLineage:
    given = {"data_dir": engine.home.path, "clickhouse_url": engine.url}
    return AskedLineage(folder, AnalystStore(Settings().model_copy(update=given)), registry)


def event(type_: str, id_: str, time: str, source: str = "", **more: Any) -> bytes:
    if source:
        more["source"] = f"/{REGION}/{source}"
    return line(type_, id=id_, time=time, receivedtime="2026-11-25T09:00:00Z", **more)


@pytest.fixture
def asked(engine: EmbeddedClickHouse, store: Client, tmp_path: Path) -> AskedLineage:
    sink = Sink(store)
    sink.registry(REGISTRY)

    def stored(topic: str, *lines: bytes) -> None:
        sink.events(Rec(topic, 0, 0, b"\n".join(lines), timestamp=1_795_597_200_000))
        sink.position(1, topic=topic)

    second = f"sppg/{SECOND_KITCHEN}"
    stored(
        "sppg.events",
        event("sppg.cooking.finished", "day before", "2026-11-23T16:59:59.999Z"),
        event("sppg.cooking.finished", "first moment", "2026-11-23T17:00:00Z"),
        event("sppg.meal.eaten", "pupils", "2026-11-24T03:00:00.25Z", data={"eaten": {"sd": 0}}),
        event("sppg.meal.eaten", "teachers", "2026-11-24T03:01:00Z", data={"eaten": {"guru": 4}}),
        event("sppg.meal.eaten", "earlier", "2026-11-23T03:00:00Z", data={"eaten": {"sd": 9}}),
        event("sppg.meal.eaten", "elsewhere", "2026-11-24T03:00:00Z", second, subject=OTHER_SCHOOL),
        event("sppg.food.tested", "wrong", "2026-11-24T04:00:00Z"),
        event("sppg.food.tested", "right", "2026-11-24T04:00:00Z", supersedes="wrong"),
        event("sppg.food.tested", ODD, "2026-11-24T05:00:00Z", second),
        event("unit.heartbeat", "beat", "2026-11-24T04:00:00Z"),
        event("event.retracted", "back", "2026-11-24T04:00:00Z", supersedes="none"),
        event("sppg.food.tested", "day after", "2026-11-25T17:00:00Z"),
    )
    sink.rows(
        "event_status",
        {"source": f"/{REGION}/sppg/{KITCHEN}", "id": "wrong", "superseded_by": "right", "retracted": 0, "counts": 0, "revision": 1},
    )  # fmt: skip
    school, check = f"recipient/{SCHOOL}", "recipient.delivery.checked"
    stored(
        "recipient.events",
        event(check, "left", "2026-11-23T03:00:00Z", school, data={"kitchen": KITCHEN}),
        event(check, "came", "2026-11-24T03:00:00Z", school, data={"kitchen": SECOND_KITCHEN}),
        event("recipient.meal.eaten", "ate", "2026-11-24T04:00:00Z", school),
        event("recipient.illness.noticed", "ill", "2026-11-24T05:00:00Z", school),
        event("unit.heartbeat", "beats", "2026-11-24T05:00:00Z", school),
    )
    stored(
        "clinic.events",
        event("clinic.cases.counted", "cases", "2026-11-24T05:00:00Z"),
        event("clinic.growth.measured", "child", "2026-11-24T06:00:00Z"),
    )
    return asked_on(engine, tmp_path, REGISTRY)


def test_what_a_row_of_a_kitchen_counts_is_listed_the_newest_first(asked: AskedLineage) -> None:
    answer = asked.wall(level="unit", area_id=KITCHEN, **WEEK)
    assert ids(answer) == ["right", "teachers", "pupils", "first moment", "day before", "earlier"]
    found = answer.json()
    assert found["events"][2] == {
        "source": KITCHEN, "id": "pupils", "type": "sppg.meal.eaten", "subject": SCHOOL,
        "time": "2026-11-24T03:00:00.250Z", "received_at": "2026-11-25T09:00:00Z", "supersedes": "",
    }  # fmt: skip
    assert found["events"][0]["supersedes"] == "wrong"
    assert found["window_start"] == "2026-11-18T17:00:00Z"
    assert found["hidden"] is False and "group" not in found


def test_a_window_begins_at_its_first_moment_and_ends_before_its_last(asked: AskedLineage) -> None:
    day = {"level": "unit", "area_id": KITCHEN, "window": "1d"}
    assert ids(asked.wall(**day, window_end="2026-11-23T17:00:00Z")) == ["day before", "earlier"]
    assert ids(asked.wall(**day)) == ["right", "teachers", "pupils", "first moment"]
    pane = {"level": "unit", "area_id": KITCHEN, "window": "15m"}
    assert ids(asked.wall(**pane, window_end="2026-11-23T17:00:00Z")) == ["day before"]
    assert ids(asked.wall(**pane, window_end="2026-11-23T17:15:00Z")) == ["first moment"]
    hour = asked.wall(**pane | {"window": "1h"}, window_end="2026-11-23T17:50:00Z")
    assert ids(hour) == ["first moment", "day before"]


def test_a_kecamatan_has_the_events_of_the_days_on_which_a_unit_was_in_it(
    asked: AskedLineage,
) -> None:
    def of(view: str, kecamatan: str, **more: str) -> list[str]:
        return ids(asked.health(view=view, level="kecamatan", area_id=kecamatan, **WEEK, **more))

    assert of("performance", KECAMATAN) == [ODD, "elsewhere", "day before", "earlier"]
    assert of("performance", NEXT) == ["right", "teachers", "pupils", "first moment"]
    assert of("coverage", KECAMATAN, group="all") == ["elsewhere", "earlier"]
    assert of("coverage", NEXT, group="all") == ["teachers", "pupils"]
    assert of("reception", KECAMATAN) == ["left"]
    assert of("reception", NEXT) == ["ill", "ate", "came"]
    assert of("clinic_coverage", KECAMATAN) == ["child", "cases"]
    assert of("clinic_coverage", NEXT) == []


def test_coverage_is_of_a_recipient_and_a_group(asked: AskedLineage) -> None:
    row = {"view": "coverage", "level": "recipient", "area_id": SCHOOL, **WEEK}
    assert ids(asked.wall(**row, group="all")) == ["teachers", "pupils", "earlier"]
    found = asked.wall(**row, group="sd")
    assert ids(found) == ["pupils", "earlier"] and found.json()["group"] == "sd"
    assert ids(asked.wall(**row, group="guru")) == ["teachers"]
    assert ids(asked.wall(**row, group="santri")) == []
    region = row | {"level": "kabupaten", "area_id": REGION}
    assert ids(asked.wall(**region, group="all")) == ["teachers", "pupils", "elsewhere", "earlier"]


def test_reception_of_a_kitchen_is_what_is_checked_of_it(asked: AskedLineage) -> None:
    row = {"view": "reception", "level": "unit", **WEEK}
    answer = asked.wall(**row, area_id=KITCHEN)
    assert ids(answer) == ["left"] and answer.json()["hidden"] is False
    assert ids(asked.wall(**row, area_id=SECOND_KITCHEN)) == ["came"]
    assert asked.wall(**row, area_id=CLINIC).status_code == 404


@pytest.mark.parametrize(
    ("view", "level", "area", "for_all", "for_health"),
    [
        ("reception", "recipient", SCHOOL, ["ate", "came", "left"], ["ill", "ate", "came", "left"]),
        ("reception", "kabupaten", REGION, ["ate", "came", "left"], ["ill", "ate", "came", "left"]),
        ("clinic_coverage", "unit", CLINIC, [], ["child", "cases"]),
        ("clinic_coverage", "kabupaten", REGION, [], ["child", "cases"]),
    ],
)
def test_events_about_people_are_for_the_health_office_alone(
    asked: AskedLineage, view: str, level: str, area: str, for_all: list[str], for_health: list[str]
) -> None:
    row = {"view": view, "level": level, "area_id": area, **WEEK}
    found = asked.health(**row)
    assert (ids(found), found["hidden"]) == (for_health, False)
    desk = asked.tokens.operator("dewi", "desk")[0]
    for answer in (asked.wall(**row), asked.raw(desk, **row)):
        assert (ids(answer), answer.json()["hidden"]) == (for_all, True)


def test_a_long_list_is_cut_and_counted(asked: AskedLineage, store: Client) -> None:
    sink = Sink(store)
    lines = [event("sppg.food.tested", f"m{n}", "2026-11-24T09:00:00Z") for n in range(1_200)]
    sink.events(Rec("sppg.events", 1, 0, b"\n".join(lines), timestamp=1_795_597_200_000))
    sink.position(1, partition=1)
    found = asked.wall(level="unit", area_id=KITCHEN, **WEEK).json()
    assert (len(found["events"]), found["count"], found["more"]) == (1_000, 1_206, True)
    assert {one["time"] for one in found["events"]} == {"2026-11-24T09:00:00Z"}


def test_a_kecamatan_may_have_very_many_recipients_and_a_registry_that_changes_daily(
    asked: AskedLineage, engine: EmbeddedClickHouse, tmp_path: Path
) -> None:
    row = {"view": "coverage", "level": "kecamatan", "area_id": KECAMATAN, "group": "all", **WEEK}
    many = [recipient(f"nspp:5100321{n:05}", KITCHEN) for n in range(2_000)]
    many += [msgspec.structs.replace(many[0], valid_from=MOVED - day) for day in range(30)]
    parts = REGISTRY.region, REGISTRY.units, (*many, *REGISTRY.recipients)
    large = asked_on(engine, tmp_path, RegionRegistry(*parts))
    assert ids(large.wall(**row)) == ids(asked.wall(**row)) == ["elsewhere", "earlier"]
