"""CSV as Excel in Indonesia reads it, and what the public may see of small counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pantau.exports.dhis2 import NamesError, month_of, read_names
from pantau.exports.excel_csv import excel_csv, masked


def test_numbers_texts_and_formulas() -> None:
    content = excel_csv([("SDN 1; Sumedang", 1200, 78.5, None), ("=1+1", "-", "a\nb", "@x")])
    assert content.startswith(b"\xef\xbb\xbf")
    assert content[3:].decode() == '"SDN 1; Sumedang";1200;78,5;\r\n\'=1+1;\'-;"a\nb";\'@x\r\n'


def test_few_people_are_not_counted_in_public() -> None:
    assert [masked(n) for n in (None, 0, 1, 4, 5)] == [None, 0, "<5", "<5", 5]


def test_a_month_ends_with_its_last_day() -> None:
    assert month_of("202602") == (date(2026, 2, 1), date(2026, 2, 28))
    assert month_of("202612") == (date(2026, 12, 1), date(2026, 12, 31))
    for wrong in ("2026", "202613", "2026-11", "2026111"):
        with pytest.raises(ValueError, match=r"\w"):
            month_of(wrong)


def test_a_metric_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text("dataSet: a\norgUnits: {'32.11': b}\ndataElements: {meals: c}\n")
    with pytest.raises(NamesError, match="meals: no such metric"):
        read_names(path)
