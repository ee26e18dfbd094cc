"""Names in the code are the field's words or plain ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.house.product import ROOMS, module_name, modules

_BORROWED: Final = {"said", "told", "held", "kept", "rest", "blot", "bears", "look", "gone"}
_OF_THE_PROTOCOL: Final = {
    "dashboard_ws/gateway/live/region_map.py": {"gone"},
    "dashboard_ws/gateway/protocol/wire.py": {"gone"},
}
"""A delta of the wall names the keys of rows that are no more `gone`."""


def _defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case _:
                pass


def _borrowed(text: str, allowed: set[str]) -> list[str]:
    """Names defined in `text` of which a word is borrowed, with their lines."""
    return [
        f"line {line}: {name}"
        for name, line in _defined(ast.parse(text))
        if _BORROWED & set(name.lower().split("_")) and name not in allowed
    ]


def test_a_borrowed_name_is_found() -> None:
    text = "def rest(told: int) -> int:\n    self._held = told\n    _LOOK_S = 1\n    return 1"
    assert len(_borrowed(text, set())) == 4
    assert not _borrowed("restart = broker.restore(kept)", set())


@pytest.mark.parametrize("room", ROOMS)
def test_no_name_is_a_borrowed_word(room: str) -> None:
    found = {}
    for path in modules(room):
        name = module_name(path)
        found[name] = _borrowed(path.read_text("utf-8"), _OF_THE_PROTOCOL.get(name, set()))
    assert not {name: names for name, names in found.items() if names}
