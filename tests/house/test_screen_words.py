"""What a screen shows stands in one table of words: none of it in a page's markup or code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.house.product import ROOT, module_name

_PAGES: Final = ROOT / "dashboard_ws" / "web" / "src"
_NO_MARKUP: Final = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_NO_CODE: Final = re.compile(r"<style\b.*?</style>|<!--.*?-->|/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
_EXPRESSION: Final = re.compile(r"\{[^{}]*\}")
_TEXT: Final = re.compile(r">([^<>]*[A-Za-z]{2}[^<>]*)<")
_ATTRIBUTE: Final = re.compile(
    r"\b(?:title|aside|label|placeholder|alt|aria-label)=\"([^\"]*[A-Za-z]{2}[^\"]*)\""
)
_LITERAL: Final = re.compile(r"([\"`])((?:(?!\1)[^\n])*)\1")
_SENTENCE: Final = re.compile(r"[A-Z][a-z]+ [a-z]{3,}")


def _words_of(path: Path) -> list[str]:
    """Texts of a page's markup, and sentences among the literals of its code."""
    text = path.read_text("utf-8")
    markup = _NO_MARKUP.sub("", text) if path.suffix == ".svelte" else ""
    while (inner := _EXPRESSION.sub("", markup)) != markup:
        markup = inner
    literals = (match[2] for match in _LITERAL.finditer(_NO_CODE.sub("", text)))
    return [
        *(one.strip() for one in _TEXT.findall(markup)),
        *_ATTRIBUTE.findall(markup),
        *(one for one in literals if _SENTENCE.match(one)),
    ]


def test_pages_take_their_words_from_the_table() -> None:
    pages = (
        path
        for suffix in ("*.svelte", "*.ts")
        for path in _PAGES.rglob(suffix)
        if not path.name.endswith(".test.ts") and path.parent.name not in ("words", "tests")
    )
    found = {module_name(path): words for path in sorted(pages) if (words := _words_of(path))}
    assert not found


@pytest.mark.parametrize(
    "page",
    [
        "<p>Menghubungi server</p>",
        '<Panel title="Klinik" aside={WORDS.days}>',
        "{#if one}<b>{n} SPPG</b>{/if}",
        '<script>const silent = row ? "Belum ada laporan" : "";</script>',
        "<script>const since = `Terputus sejak ${time}`;</script>",
    ],
)
def test_words_outside_the_table_are_found(page: str, tmp_path: Path) -> None:
    path = tmp_path / "Page.svelte"
    path.write_text(page, "utf-8")
    assert _words_of(path)
