"""The files of `audit/sql` can be pasted: each names its parameters, and each column that analysts see is compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from audit import compare
from contracts.results.columns import names
from contracts.results.public_rows import IDENTITY, VERSION, VIEWS, View

_ROOT: Final = Path(compare.__file__).parent / "sql"
FILES: Final = sorted(
    path.relative_to(_ROOT).with_suffix("").as_posix() for path in _ROOT.rglob("*.sql")
)
_PARAMETER: Final = re.compile(r"\{(\w+):\w")
_OF_ANOTHER: Final = re.compile(r"[Pp]arameters[^.]*those\s+(?:-- )?of `?(\w+)")


def _head(name: str) -> str:
    return (_ROOT / f"{name}.sql").read_text("utf-8").split("\n\n")[0]


def _described(name: str) -> str:
    """The head of a file, and of the one whose parameters it has."""
    head = _head(name)
    other = _OF_ANOTHER.search(head)
    same = [one for one in FILES if other and one.rpartition("/")[2] == other[1]]
    return head + "".join(_head(one) for one in same)


@pytest.mark.parametrize("name", FILES)
def test_a_file_names_its_parameters_at_its_top(name: str) -> None:
    used = set(_PARAMETER.findall((_ROOT / f"{name}.sql").read_text("utf-8")))
    head = _described(name)
    assert not {one for one in used if not re.search(rf"\b{one}\b", head)}


@pytest.mark.parametrize("view", VIEWS)
def test_each_column_that_analysts_see_is_compared(view: View) -> None:
    (file,) = (one for one in FILES if re.fullmatch(rf"compare/\d+_{view}", one))
    compared = re.findall(
        r"^        \('(\w+)', ifNull", (_ROOT / f"{file}.sql").read_text("utf-8"), re.MULTILINE
    )
    key = {*names(IDENTITY), "group"} - {"window_start", "day"}
    assert set(compared) == set(names(VIEWS[view])) - key - set(names(VERSION))
