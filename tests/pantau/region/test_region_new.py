"""The next kabupaten: boundaries and one total make a folder that can be served at once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_region
from chassis.regions.steps_file import load_steps
from contracts.people import ALERT_KINDS
from contracts.registry.entities import Registry, iso_to_day
from pantau.commands.provide.region import begin
from pantau.region.region_new import NewRegion, create_region
from pantau.region.region_plan import apportion

BOUNDARIES = Path(__file__).parents[3] / "regions" / "32.08" / "boundaries.geojson"


def new(code: str = "32.08", beneficiaries: int = 200_000) -> NewRegion:
    return NewRegion(
        code, "Kuningan", "Jawa Barat", "Asia/Jakarta", BOUNDARIES, beneficiaries, "2026-01-01"
    )


def test_a_folder_is_made_and_can_be_read(tmp_path: Path) -> None:
    create_region(tmp_path / "32.08", new())
    registry = load_region(tmp_path / "32.08")
    service = Registry([registry]).service("32.08", iso_to_day("2026-11-24"))
    assert sum(service.target_of.values()) == 200_000
    assert all(unit.synthetic for unit in registry.units)
    assert all(one.synthetic for one in registry.recipients)


def test_the_desk_has_a_checklist_of_every_kind_from_the_first_day(tmp_path: Path) -> None:
    create_region(tmp_path / "32.08", new())
    assert set(load_steps(tmp_path, ["32.08"])["32.08"]) == set(ALERT_KINDS)


def test_boundaries_of_another_kabupaten_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"kecamatan codes of 32\.11"):
        create_region(tmp_path / "32.11", new("32.11"))
    assert not (tmp_path / "32.11").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "32.08").mkdir()
    with pytest.raises(FileExistsError):
        create_region(tmp_path / "32.08", new())


@given(
    st.integers(0, 500_000),
    st.lists(st.floats(0.1, 100), min_size=1, max_size=40),
    st.integers(0, 3),
)
def test_shares_add_up(total: int, weights: list[float], least: int) -> None:
    if total < least * len(weights):
        with pytest.raises(ValueError, match="cannot be shared out"):
            apportion(total, weights, least)
        return
    shares = apportion(total, weights, least)
    assert sum(shares) == total
    assert min(shares) >= least


def test_begin_says_what_it_made_and_refuses_a_folder_that_is_there(tmp_path: Path) -> None:
    boundaries = Path(__file__).parents[3] / "regions" / "32.08" / "boundaries.geojson"
    plan = NewRegion(
        "32.08", "Kuningan", "Jawa Barat", "Asia/Jakarta", boundaries, 433_468, "2026-01-01"
    )
    assert begin(tmp_path, plan).startswith(f"{tmp_path / '32.08'}: 32 kecamatan, 145 kitchens")
    with pytest.raises(OperatorError, match="is there already"):
        begin(tmp_path, plan)
