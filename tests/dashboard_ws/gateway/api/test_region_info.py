"""What a page asks besides the live map: the day's line, the projected map, the meals of today."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from chassis.regions.region_folder import load_region
from contracts.registry.entities import RegionRegistry, Registry, iso_to_day
from contracts.results.topics import (
    REGISTRY,
    REGISTRY_CHANGE,
    control_headers,
)
from dashboard_ws.gateway.api.outline import SIZE, read_outline
from dashboard_ws.gateway.api.region_info import NotServed, _meals, _not_served
from dashboard_ws.gateway.live.day_line import PANE_MS, DayLine
from dashboard_ws.gateway.live.region_map import Change, Frame
from tests.dashboard_ws.conftest import KEY, REGION, GatewayProcess, token
from tests.registry_small import region, unit

_ROOT = Path(__file__).parents[4]
_KEY = "performance/kabupaten/32.11/1d"


def _frame(seq: int, as_of: str, received: int, day: str = "2026-11-24", **more: Any) -> Frame:
    row = {
        "topic": "performance", "key": _KEY, "day": day, "as_of": as_of, "portions_cooked": 9,
        "portions_dispatched": 8, "portions_received": received, "portions_eaten": 1,
    } | more  # fmt: skip
    return Frame(
        "e", seq, {_KEY: Change(seq, msgspec.json.encode(row), "performance", "kabupaten")}
    )


def test_a_pane_keeps_its_newest_point() -> None:
    line = DayLine(_KEY)
    line.note(_frame(1, "2026-11-24T02:00:10Z", 3))
    line.note(_frame(2, "2026-11-24T02:04:59Z", 5))
    line.note(_frame(3, "2026-11-24T02:05:00Z", 7))
    assert [point[3] for point in line.points("2026-11-24")] == [5, 7]
    assert [point[0] // PANE_MS for point in line.points("2026-11-24")] == [
        1795485600000 // PANE_MS,
        1795485900000 // PANE_MS,
    ]


def test_a_new_day_begins_an_empty_line() -> None:
    line = DayLine(_KEY)
    line.note(_frame(1, "2026-11-24T02:00:10Z", 3))
    line.note(_frame(2, "2026-11-24T17:00:10Z", 0, day="2026-11-25"))
    assert line.points("2026-11-24") == []
    assert len(line.points("2026-11-25")) == 1


def test_other_rows_and_damaged_ones_make_no_point() -> None:
    line = DayLine(_KEY)
    line.note(Frame("e", 1, {"performance/unit/U/1d": Change(1, b"{}", "performance", "unit")}))
    line.note(_frame(2, "2026-11-24T02:00:10Z", 3, portions_eaten=None))
    line.note(Frame("e", 3, {_KEY: Change(3, None)}))
    assert line.points("2026-11-24") == []


@pytest.mark.parametrize("code", ["32.11", "32.08"])
def test_the_map_of_each_region_fills_its_box(code: str) -> None:
    outline, projection = read_outline(_ROOT / "regions" / code / "boundaries.geojson")
    fed: dict[str, list[tuple[float, float]]] = {}
    for row in load_region(_ROOT / "regions" / code).recipients:
        fed.setdefault(row.kecamatan, []).append(projection.place((row.lon, row.lat)))
    _, _, width, height = (float(part) for part in outline.view_box.split())
    assert max(width, height) == pytest.approx(SIZE, abs=0.1)
    assert all(one.code.startswith(code) for one in outline.kecamatan)
    for one in outline.kecamatan:
        assert 0 <= one.cx <= width and 0 <= one.cy <= height
        corners = [pair.split() for pair in one.d.strip("MZ").replace("ZM", "L").split("L")]
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in corners)
        xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
        assert min(xs) < one.cx < max(xs) and min(ys) < one.cy < max(ys)
        for x, y in fed[one.code]:
            assert min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)


def test_no_boundaries_is_an_empty_map_and_nonsense_is_refused(tmp_path: Path) -> None:
    assert read_outline(tmp_path / "boundaries.geojson").outline.kecamatan == ()
    (tmp_path / "boundaries.geojson").write_text('{"features": []}')
    with pytest.raises(ValueError, match="no polygon"):
        read_outline(tmp_path / "boundaries.geojson")


def test_meals_add_up_to_the_registered_of_the_day() -> None:
    registry = Registry([load_region(_ROOT / "regions" / "32.11")])
    day = 20781
    fed = registry.recipients_in_force("32.11", day)
    meals = _meals(registry.service("32.11", day), fed.values())
    assert sum(n for _, n in meals) == sum(
        sum(registry.registered(one, day).values()) for one in fed
    )
    assert meals == sorted(meals)


def test_who_is_not_served_is_told_by_reason_kind_and_groups() -> None:
    registry = Registry([load_region(_ROOT / "regions" / "32.11")])
    [exam] = _not_served(registry.service("32.11", iso_to_day("2026-12-02")))
    assert exam == NotServed(
        "ujian akhir semester (sekolah contoh)", ["smp", "guru"], True, "school", 30
    )
    [pupils] = _not_served(registry.service("32.11", iso_to_day("2026-12-22")))
    groups = ["paud", "sd", "smp", "sma", "santri", "guru"]
    assert pupils == NotServed("libur semester", groups, True, "", 1050)


@pytest.mark.real
async def test_a_wall_gets_its_region_from_a_real_gateway(
    gateway: GatewayProcess, broker: str
) -> None:
    """503 while the registry is not there; then the region, and no other's to whom it is not."""
    headers = {"Authorization": f"Bearer {token()}"}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client:
        assert (await client.get("/v1/region")).status_code == 503
        assert (await client.get("/v1/region", params={"region": "11.01"})).status_code == 404
        assert (await httpx.AsyncClient().get(f"{gateway.url}/v1/region")).status_code == 401
        await _publish(broker, RegionRegistry(region(REGION, "Uji"), (unit("SPPG-3299-0001"),), ()))
        answer = await _until_loaded(client)
    body = answer.json()
    assert (body["code"], body["name"], body["simulated"]) == (REGION, "Uji", False)
    assert [one["unit_id"] for one in body["units"]] == ["SPPG-3299-0001"]
    assert (body["clock_factor"], body["targets"], body["map"]["kecamatan"]) == (1, [], [])


async def _until_loaded(client: httpx.AsyncClient) -> httpx.Response:
    async with asyncio.timeout(20):
        while True:
            answer = await client.get("/v1/region")
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(0.1)


async def _publish(broker: str, registry: RegionRegistry) -> None:
    value = registry.encode()
    headers = control_headers(KEY, REGISTRY_CHANGE, REGISTRY, 0, value)
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        await producer.send_and_wait(REGISTRY, value, key=REGION.encode(), headers=headers)
    finally:
        await producer.stop()
