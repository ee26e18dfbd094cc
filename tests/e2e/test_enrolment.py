"""A code is made, a phone uses it, and the funnel shows how far each unit has come."""

from __future__ import annotations

import json

import httpx
from typer.testing import CliRunner, Result

from pantau.cli import build
from tests.e2e.day import FOLDER, Day
from tests.e2e.installation import Installation, until


def device(installation: Installation, *arguments: str) -> Result:
    """In this process: each start of the command would cost seconds."""
    command = ["device", *arguments, "--data-dir", str(installation.home)]
    answer = CliRunner().invoke(build(), command, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer


def stages(installation: Installation, *options: str) -> dict[str, str]:
    units = json.loads(device(installation, "funnel", "--json", *options).stdout)["units"]
    return {one["unit_id"]: one["stage"] for one in units}


def test_a_unit_comes_from_the_code_to_its_first_event(
    installation: Installation, day: Day
) -> None:
    school = next(reversed(FOLDER.recipients))
    place = FOLDER.recipients[school]["kecamatan"]
    made = device(installation, "enrol", "--unit", school)
    code = made.stderr.split("#daftar=")[1].split()[0]
    assert stages(installation, "--kecamatan", place)[school] == "invited"
    answer = httpx.post(f"{installation.ready['ingest']}/v1/enrol", json={"code": code}, timeout=30)
    assert answer.status_code == 200
    until(lambda: set(day.kitchens) <= {*stages(installation, "--list", "this-week")}, 60, 1)
    found = stages(installation)
    assert found[school] == "enrolled"
    assert {found[one] for one in day.kitchens} == {"this-week"}
    table = device(installation, "funnel").stdout.splitlines()
    assert table[0].split()[:3] == ["kecamatan", "name", "units"]
    assert int(table[-1].split()[1]) == len(found)
