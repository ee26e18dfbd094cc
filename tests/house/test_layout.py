"""The layout that `docs/architecture.md` promises: small folders, short modules, one name for one thing."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = (
    *("contracts", "chassis", "producers", "streams", "storage", "sinks", "audit", "engines"),
    *("dashboard_ws", "pantau", "bench"),
)
_WEB: Final = "dashboard_ws/web/src"
_FILES_A_FOLDER: Final = 9
_LINES_A_MODULE: Final = 400


def _modules(*rooms: str) -> list[Path]:
    """Every Python module of the product."""
    found = (path for room in rooms or _ROOMS for path in (_ROOT / room).rglob("*.py"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _classes(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _used_twice(places: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: where for name, where in places.items() if len(where) > 1}


def test_a_class_name_is_used_once() -> None:
    places = defaultdict(list)
    for path in _modules():
        for name in _classes(path):
            places[name].append(_name(path))
    assert len(places) > 200
    assert not _used_twice(places)


def test_a_file_name_is_used_once() -> None:
    places = defaultdict(list)
    for path in _modules():
        if not path.name.startswith("__"):
            places[path.name].append(_name(path))
    assert len(places) > 150
    assert not _used_twice(places)


def test_a_folder_holds_at_most_nine_files() -> None:
    web = [path for path in (_ROOT / _WEB).rglob("*") if path.is_file()]
    files = [path for path in _modules() if path.name != "__init__.py"]
    folders = Counter(_name(path.parent) for path in (*files, *web))
    assert _WEB in folders
    assert not {name: count for name, count in folders.items() if count > _FILES_A_FOLDER}


@pytest.mark.parametrize("room", _ROOMS)
def test_no_module_is_long(room: str) -> None:
    lines = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _modules(room)}
    assert lines
    assert not {name: count for name, count in lines.items() if count > _LINES_A_MODULE}
