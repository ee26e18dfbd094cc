"""Regular expressions give the same on every Python that the project takes."""

from __future__ import annotations

import re
from typing import Final

from tests.house.product import module_name, modules

_POSSESSIVE_GROUP: Final = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")
_CHECKED: Final = {"contracts/events/nik.py": 3}
"""How many a module has. Each was read: where its last choice fails, that has taken no character."""


def test_possessive_groups_are_where_they_were_checked() -> None:
    """Python before 3.11.5 goes on where such a group failed in its middle (cpython#106052): a NIK passed by that."""
    found = {module_name(path): _POSSESSIVE_GROUP.findall(path.read_text()) for path in modules()}
    assert {name: len(groups) for name, groups in found.items() if groups} == _CHECKED
