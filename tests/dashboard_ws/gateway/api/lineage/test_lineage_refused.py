"""Who is answered about which rows, without a ClickHouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboard_ws.conftest import token
from tests.dashboard_ws.gateway.api.desk.desk_routes import StandInStore
from tests.dashboard_ws.gateway.api.lineage.asked_lineage import ROW, AskedLineage
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.registry_small import KECAMATAN, OTHER, OTHER_KITCHEN, OTHER_REGION, SMALL


@pytest.fixture
def store() -> StandInStore:
    return StandInStore()


@pytest.fixture
def asked(tmp_path: Path, store: StandInStore) -> AskedLineage:
    return AskedLineage(tmp_path, store, SMALL, OTHER)


def test_without_a_token_that_stands_nobody_is_answered(asked: AskedLineage) -> None:
    device, over = token("device"), token("wall", -10)
    for bearer in (None, "nonsense", device, over):
        answer = asked.raw(bearer, **ROW)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert asked.raw(token(), **ROW).status_code == 200
    assert asked.raw(asked.tokens.operator("dewi", "admin")[0], **ROW).status_code == 200
    assert asked.raw(token("wall", 60, REGION), **ROW).status_code == 200


@pytest.mark.parametrize(
    ("level", "area"),
    [
        ("kabupaten", "32.97"),
        ("kabupaten", KITCHEN),
        ("kabupaten", KECAMATAN),
        ("kecamatan", f"{REGION}.99"),
        ("kecamatan", REGION),
        ("unit", "SPPG-3211-9999"),
        ("unit", SCHOOL),
        ("unit", CLINIC),
        ("unit", f"{KITCHEN}' OR 1=1 --"),
        ("unit", f"{KITCHEN}\t\\N\n\0"),
        ("unit", "\U0001f35a"),
        ("unit", ""),
        # Of a region that is not served here.
        ("kabupaten", OTHER_REGION),
        ("kecamatan", f"{OTHER_REGION}.08"),
        ("unit", OTHER_KITCHEN),
    ],
)
def test_an_area_without_such_rows_is_not_found(
    asked: AskedLineage, store: StandInStore, level: str, area: str
) -> None:
    answer = asked.wall(level=level, area_id=area)
    assert answer.status_code == 404
    assert not area or area not in answer.json()["detail"]
    assert store.asked == []


def test_a_token_of_another_region_finds_no_area_of_this_one(asked: AskedLineage) -> None:
    bearer = token("wall", 60, OTHER_REGION)
    for level, area in (("kabupaten", REGION), ("kecamatan", KECAMATAN), ("unit", KITCHEN)):
        missing = asked.raw(bearer, **ROW | {"level": level, "area_id": "9"}).json()
        answer = asked.raw(bearer, **ROW | {"level": level, "area_id": area})
        assert (answer.status_code, answer.json()) == (404, missing)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"view": "events"}, 422),
        ({"level": "desa"}, 422),
        ({"window": "2h"}, 422),
        ({"level": "recipient", "area_id": SCHOOL}, 400),
        ({"view": "coverage"}, 400),
        ({"view": "coverage", "group": "sd' OR 1=1 --"}, 422),
        ({"view": "coverage", "group": ""}, 422),
        ({"view": "coverage", "level": "unit", "area_id": KITCHEN, "group": "all"}, 400),
        ({"group": "all"}, 400),
        ({"window_end": "tomorrow"}, 400),
        ({"window_end": ""}, 400),
        ({"window_end": "2026-11-24T17:00:00"}, 400),
        ({"window_end": "2026-11-25T00:00:00 07:00"}, 400),
        # No row ends then.
        ({"window_end": "2026-11-24T17:00:00.001Z"}, 400),
        ({"window_end": "2026-11-24T00:00:00Z"}, 400),
        ({"window": "15m", "window_end": "2026-11-24T17:01:00Z"}, 400),
        ({"window": "30d", "window_end": "0001-01-01T00:00:00Z"}, 400),
        ({"window": "30d", "window_end": "1970-01-20T17:00:00Z"}, 400),
        ({"window": "1h", "window_end": "9999-12-31T23:55:00Z"}, 400),
    ],
)
def test_what_names_no_row_is_a_problem(
    asked: AskedLineage, store: StandInStore, change: dict[str, str], status: int
) -> None:
    answer = asked.wall(**change)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1=1" not in answer.text and "tomorrow" not in answer.text
    assert store.asked == []


def test_an_offset_says_the_same_as_utc(asked: AskedLineage) -> None:
    found = asked.wall(window_end="2026-11-25T00:00:00+07:00").json()
    assert (found["window_start"], found["window_end"]) == ("2026-11-23T17:00:00Z", "2026-11-24T17:00:00Z")  # fmt: skip
    assert "group" not in found


def test_while_something_is_away_the_answer_says_when_to_come_back(
    asked: AskedLineage, store: StandInStore, tmp_path: Path
) -> None:
    store.found = None
    for answer in (asked.wall(), AskedLineage(tmp_path, StandInStore()).wall()):
        assert answer.status_code == 503 and answer.headers["retry-after"] == "5"


def test_what_a_stranger_sends_stands_in_no_query(asked: AskedLineage, store: StandInStore) -> None:
    asked.wall(level="unit", area_id=KITCHEN)
    asked.wall(level="kecamatan", area_id=KECAMATAN)
    [unit, kecamatan] = store.queries
    assert store.asked[0]["area"] == KITCHEN and KITCHEN not in unit
    assert KITCHEN in str(store.asked[1]["places"]) and KITCHEN not in kecamatan
