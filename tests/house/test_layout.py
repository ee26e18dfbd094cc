"""The layout that `docs/architecture.md` promises: small folders, short modules, one name for one thing."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.house.product import ROOMS, ROOT, module_name, modules

_WEB: Final = "dashboard_ws/web/src"
_FILES_A_FOLDER: Final = 9
_LINES_A_MODULE: Final = 400
_MEDIAN_LINES: Final = 120


def _classes(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _used_twice(places: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: where for name, where in places.items() if len(where) > 1}


def test_a_class_name_is_used_once() -> None:
    places = defaultdict(list)
    for path in modules():
        for name in _classes(path):
            places[name].append(module_name(path))
    assert len(places) > 200
    assert not _used_twice(places)


def test_a_file_name_is_used_once() -> None:
    places = defaultdict(list)
    for path in modules():
        if not path.name.startswith("__"):
            places[path.name].append(module_name(path))
    assert len(places) > 150
    assert not _used_twice(places)


def test_a_folder_holds_at_most_nine_files() -> None:
    web = [path for path in (ROOT / _WEB).rglob("*") if path.is_file()]
    files = [path for path in modules() if path.name != "__init__.py"]
    folders = Counter(module_name(path.parent) for path in (*files, *web))
    assert _WEB in folders
    assert not {name: count for name, count in folders.items() if count > _FILES_A_FOLDER}


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_no_module_is_long(room: str) -> None:
    lines = {module_name(path): len(path.read_text("utf-8").splitlines()) for path in modules(room)}
    assert lines
    assert not {name: count for name, count in lines.items() if count > _LINES_A_MODULE}


def test_no_module_of_a_page_is_long() -> None:
    paths = [path for path in (ROOT / _WEB).rglob("*") if path.suffix in (".ts", ".svelte")]
    lines = {module_name(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert lines
    assert not {name: count for name, count in lines.items() if count > _LINES_A_MODULE}


@pytest.mark.parametrize("room", ROOMS)
def test_modules_are_short_in_the_median(room: str) -> None:
    found = (path for path in modules(room) if path.name != "__init__.py")
    lines = [len(path.read_text("utf-8").splitlines()) for path in found]
    assert median(lines) <= _MEDIAN_LINES
