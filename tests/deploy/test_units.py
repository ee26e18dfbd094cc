"""The systemd units start what there is."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml

from pantau.cli import build

_REPO: Final = Path(__file__).parents[2]
_UNITS: Final = _REPO / "deploy" / "systemd"


def _unit(name: str) -> RawConfigParser:
    # Keys may be repeated in a unit; none of these does.
    parser = RawConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((_UNITS / name).read_text())
    return parser


def test_pantau_up_takes_the_options_of_its_unit() -> None:
    words = _unit("pantau.service")["Service"]["ExecStart"].split()
    assert Path(words[0]).name == "pantau"
    command: Any = typer.main.get_command(build())
    context = typer.Context(command, info_name="pantau")
    made = command.get_command(context, words[1]).make_context(words[1], words[2:])
    assert str(made.params["data_dir"]) == "/var/lib/pantau"


def test_instances_are_the_services_of_compose() -> None:
    named = re.search(r"enable --now (.*)", (_UNITS / "pantau@.service").read_text())
    assert named is not None
    modules = [word.removeprefix("pantau@") for word in named[1].split()]
    assert all(importlib.util.find_spec(f"{module}.__main__") for module in modules)
    services = yaml.safe_load((_REPO / "docker-compose.yml").read_text())["services"].values()
    commands = [one.get("command", []) for one in services if "profiles" not in one]
    assert set(modules) == {words[2] for words in commands if words[:2] == ["python", "-m"]}


@pytest.mark.parametrize("name", ["pantau.service", "pantau@.service"])
def test_a_unit_gives_its_parts_the_time_to_stop_and_few_rights(name: str) -> None:
    service = _unit(name)["Service"]
    assert int(service["TimeoutStopSec"]) >= 45
    assert service["User"] == "pantau"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_systemd_takes_them(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not on this machine")
    for unit in _UNITS.glob("*.service"):
        # Programs of the target machine are not here: put one that is.
        text = re.sub(
            r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE
        )
        copy = tmp_path / unit.name.replace("@.", "@streams.")
        copy.write_text(text)
        done = subprocess.run(
            [tool, "verify", copy], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
