"""Names, docstrings, comments and documents are in the field's words or plain ones."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.product import ROOMS, documents, module_name, modules

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


_IN_PROSE: Final = re.compile(
    r"\b(said|told|held|kept|blot|bears|rests?|gone|look(s|ed|ing)?(?!.?(up|ahead)))\b",
    re.IGNORECASE,
)
_OF_THE_ROOM: Final = {"notices": {"said", "told"}}
"""People are told of alerts: that is what the room does."""


def _prose(text: str) -> Iterator[str]:
    """Docstrings and comments."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str() as words)):
                yield words
            case _:
                pass
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def _borrowed_in_prose(text: str, allowed: set[str]) -> list[str]:
    found = (match[0].lower() for words in _prose(text) for match in _IN_PROSE.finditer(words))
    return [word for word in found if word not in allowed]


def test_borrowed_prose_is_found() -> None:
    text = (
        '"""What it said."""\nrows = 1  # held, looked up, a look-ahead, looks at\nlabel = "told"\n'
    )
    assert _borrowed_in_prose(text, set()) == ["said", "held", "looks"]


@pytest.mark.parametrize("room", ROOMS)
def test_no_prose_uses_a_borrowed_word(room: str) -> None:
    allowed = _OF_THE_ROOM.get(room, set())
    found = {
        module_name(path): _borrowed_in_prose(path.read_text("utf-8"), allowed)
        for path in modules(room)
    }
    assert not {name: words for name, words in found.items() if words}


_IN_DOCUMENTS: Final = re.compile(
    r"\b(said|told|held|kept|blot|bears?|look(s|ed)?|rests?|gone)\b", re.IGNORECASE
)
# Names of code and targets of links.
_QUOTED: Final = re.compile(r"`[^`\n]+`|\]\([^)]*\)")
_TOLD: Final = {"told"}
_OF_THE_DOCUMENT: Final = {
    "docs/notices.md": _TOLD,
    "docs/decisions/0019-notices-compare-what-stands-with-what-was-told.md": _TOLD,
}
"""People are told of alerts."""
# Made from the comments of columns, which a migration alone changes.
_MADE_FROM_THE_SCHEMA: Final = "docs/data-catalogue.md"


def _borrowed_in_document(text: str, allowed: set[str]) -> list[str]:
    """`line: word` of each that is not allowed; nothing of what is quoted as code."""
    return [
        f"line {number}: {match[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in _IN_DOCUMENTS.finditer(_QUOTED.sub("", line))
        if match[0].lower() not in allowed
    ]


def test_a_borrowed_word_of_a_document_is_found() -> None:
    text = "What it said.\nIt `held` [a](kept.md), the others rest\n"
    assert _borrowed_in_document(text, set()) == ["line 1: said", "line 2: rest"]
    assert not _borrowed_in_document("who is told", _TOLD)


@pytest.mark.parametrize("path", documents(), ids=module_name)
def test_no_document_uses_a_borrowed_word(path: Path) -> None:
    name = module_name(path)
    if name != _MADE_FROM_THE_SCHEMA:
        allowed = _OF_THE_DOCUMENT.get(name, set())
        assert not _borrowed_in_document(path.read_text("utf-8"), allowed)
