"""The regions that come with Pantau: totals as told, points where they say, nothing invented unmarked."""

import csv
import re
from pathlib import Path

import pytest

from chassis.regions.region_folder import load_region
from contracts.registry.entities import Recipient, RegionRegistry, Registry, Unit, iso_to_day
from contracts.results.topics import MAX_RECORD_BYTES
from pantau.region.region_geometry import KecamatanShape, distance_km, read_boundaries
from pantau.region.region_seed import seed_region

REGIONS = Path(__file__).parents[2] / "regions"
DAY = iso_to_day("2026-11-24")
FILES = ("region.yaml", "seed.yaml", "boundaries.geojson", "places.csv")

TOTALS = {
    # kecamatan, kitchens, puskesmas, posyandu that send, recipients, people, children
    "32.11": (26, 114, 35, 60, 1400, 365_000, 68_873),
    "32.08": (32, 146, 37, 64, 1665, 433_468, 77_863),
}


def all_rows(registry: RegionRegistry) -> list[Unit | Recipient]:
    return [*registry.units, *registry.recipients]


@pytest.fixture(params=sorted(TOTALS), scope="module")
def registry(request: pytest.FixtureRequest) -> RegionRegistry:
    return load_region(REGIONS / str(request.param))


def test_totals_are_those_of_the_sources(registry: RegionRegistry) -> None:
    view = Registry([registry]).view(registry.region.code, DAY)
    ids = [unit_id.split("-")[0] for unit_id in view.units]
    assert (
        len(registry.region.kecamatan),
        ids.count("SPPG"),
        ids.count("PUSKESMAS"),
        ids.count("POSYANDU"),
        len(view.recipients),
        sum(sum(groups.values()) for groups in view.registered.values()),
        sum(view.children_of.values()),
    ) == TOTALS[registry.region.code]


def test_people_of_a_group_are_where_they_belong(registry: RegionRegistry) -> None:
    homes = {
        "school": {"paud", "sd", "smp", "sma", "guru"},
        "pesantren": {"santri", "guru"},
        "posyandu": {"bumil", "busui", "balita"},
    }
    for one in registry.recipients:
        assert one.registered
        assert set(one.registered) <= homes[one.kind], one.recipient_id


def test_every_point_lies_in_its_kecamatan(registry: RegionRegistry) -> None:
    raw = (REGIONS / registry.region.code / "boundaries.geojson").read_bytes()
    shapes = {code: KecamatanShape(feature) for code, feature in read_boundaries(raw).items()}
    for row in all_rows(registry):
        place = (row.lon, row.lat)
        if row.kecamatan:
            assert shapes[row.kecamatan].contains(place), row
        else:
            assert not any(shape.contains(place) for shape in shapes.values()), row


def test_a_kitchen_can_cook_what_it_owes_and_is_near(registry: RegionRegistry) -> None:
    service = Registry([registry]).service(registry.region.code, DAY)
    view = service.view
    for unit_id, target in service.target_of.items():
        assert 1000 <= target <= view.units[unit_id].capacity <= 3500
    ways = sorted(
        distance_km((one.lon, one.lat), (kitchen.lon, kitchen.lat))
        for one in view.recipients.values()
        for kitchen in [view.units[one.unit_id]]
    )
    assert ways[len(ways) * 9 // 10] <= 6, "delivery within 6 km for nine in ten"


def test_a_hospital_outside_has_no_kecamatan_and_no_register() -> None:
    outside = [one for one in load_region(REGIONS / "32.11").units if not one.kecamatan]
    assert [(one.unit_id, one.kind, one.registered_children) for one in outside] == [
        ("RS-3211-001", "clinic", 0)
    ]


def test_meals_are_in_the_morning(registry: RegionRegistry) -> None:
    assert all(7 * 60 <= one.meal_time <= 12 * 60 for one in registry.recipients)


def test_nothing_invented_passes_for_real(registry: RegionRegistry) -> None:
    for row in all_rows(registry):
        assert row.synthetic
        assert " Contoh " in row.name
    # No register hands these out: an NPSN with X, an NSPP that does not begin with 5.
    ids = [one.recipient_id for one in registry.recipients]
    assert all(re.match(r"npsn:X|nspp:9999|posyandu:", one) for one in ids)
    assert len(set(ids)) == len(ids)


def test_history_has_a_registry_and_fits_a_record(registry: RegionRegistry) -> None:
    assert {row.valid_from for row in all_rows(registry)} == {iso_to_day("2026-01-01")}
    assert len(registry.encode()) * 2 < MAX_RECORD_BYTES, "room for the changes of years"


def test_a_posyandu_that_sends_stands_where_its_meals_go(registry: RegionRegistry) -> None:
    places = {one.recipient_id: (one.name, one.lon, one.lat) for one in registry.recipients}
    clinics = [unit for unit in registry.units if unit.unit_id.startswith("POSYANDU-")]
    for clinic in clinics:
        recipient_id = clinic.unit_id.replace("POSYANDU-", "posyandu:")
        assert places[recipient_id] == (clinic.name, clinic.lon, clinic.lat)


def test_both_regions_can_be_served_together() -> None:
    both = Registry(load_region(REGIONS / code) for code in sorted(TOTALS))
    assert both.region_of_unit("SPPG-3208-0001") == "32.08"
    assert both.region_of_unit("SPPG-3211-0001") == "32.11"


def test_service_days_of_2026_are_as_decreed(registry: RegionRegistry) -> None:
    served = Registry([registry])
    for text, serves in [
        ("2026-11-21", True),  # a Saturday
        ("2026-11-22", False),  # a Sunday
        ("2026-03-21", False),  # Idulfitri
        ("2026-08-17", False),
        ("2026-12-25", False),
        ("2027-01-01", False),
    ]:
        assert served.is_service_day(registry.region.code, iso_to_day(text)) is serves, text


@pytest.mark.parametrize("code", sorted(TOTALS))
def test_the_same_plan_gives_the_same_bytes(code: str, tmp_path: Path) -> None:
    folder = tmp_path / code
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes((REGIONS / code / name).read_bytes())
    seed_region(folder)
    for name in ("units.csv", "recipients.csv"):
        assert (folder / name).read_bytes() == (REGIONS / code / name).read_bytes(), name


@pytest.mark.parametrize("code", sorted(TOTALS))
def test_boundaries_keep_their_licence(code: str) -> None:
    text = (REGIONS / code / "LICENSE-boundaries.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2024 Cahya DSN" in text
    with (REGIONS / code / "places.csv").open(encoding="utf-8", newline="") as file:
        assert all(row["code"].startswith(row["kecamatan"]) for row in csv.DictReader(file))
