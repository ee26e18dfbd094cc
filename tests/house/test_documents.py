"""Documents name files that are there: a moved file leaves no old path behind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.house.product import ROOT, documents, module_name

_DOCUMENTS: Final = [
    path
    for path in documents()
    # These say what was so on their day.
    if path.name != "CHANGELOG.md" and ROOT / "docs" / "bench" not in path.parents
]
_ROOMS: Final = "contracts|chassis|producers|streams|storage|sinks|notices|audit|engines|dashboard_ws|pantau|bench|tests|docs|deploy"
_FILE: Final = re.compile(rf"(?<![\w/.])((?:{_ROOMS})/[\w./-]+\.(?:py|md|sql|ts|svelte|yml))\b")
_UNIT: Final = re.compile(r"--unit ([\w-]+[:-][\w-]*\d)")
_LINK: Final = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("path", _DOCUMENTS, ids=module_name)
def test_what_a_document_names_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    named = {name for name in _FILE.findall(text) if not (ROOT / name).exists()}
    linked = {link for link in _LINK.findall(text) if not (path.parent / link).exists()}
    assert not named | linked


def test_units_of_example_commands_are_in_the_region_of_make_up() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "regions" / "32.11").glob("*.csv"))
    units = {line.partition(",")[0] for line in text.splitlines()}
    files = [*_DOCUMENTS, *(ROOT / "pantau" / "commands").rglob("*.py")]
    named = {unit for path in files for unit in _UNIT.findall(path.read_text("utf-8"))}
    assert named and named <= units, named - units
