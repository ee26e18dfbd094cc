"""The page of a day: what it shows and what it hides."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from notices.core.notice_words import KIND
from pantau.daily.daily_content import (
    _DETAILS,
    _FIGURES,
    _PEOPLE,
    DayContent,
    DayTable,
    day_content,
)
from pantau.daily.daily_facts import DailyFacts
from pantau.daily.daily_page import daily_page
from pantau.daily.daily_sheet import daily_pdf, daily_picture
from pantau.paper.paper_page import plain
from tests.pantau.exports.paper import gray, pages_of

_MADE: Final = datetime(2026, 11, 24, 17, 5, tzinfo=UTC)


def _facts(**changes: Any) -> DailyFacts:
    about = {"is_final": 0, "revision": 7, "updated_at": datetime(2026, 11, 24, 9, tzinfo=UTC)}
    alert = {
        "short_id": "G1", "kind": "foodborne_cluster", "severity": 3, "unit_id": "K1", "subject": "",
        "state": "acknowledged", "acknowledged_by": "rina", "raised_at": datetime(2026, 11, 24, 2, 10, tzinfo=UTC),
    }  # fmt: skip
    return DailyFacts(
        region="32.11",
        name="Sumedang",
        province="Jawa Barat",
        zone=ZoneInfo("Asia/Jakarta"),
        day=date(2026, 11, 24),
        rows={
            "performance": {"portions_received": 90_000, "portions_target": 100_000, **about},
            "coverage": {"eaten": 0, "target": 0, **about},
            "reception": {"absent_ill": 3, "ill_noticed": 41, **about},
            "clinic_coverage": {},
        },
        raised=[{"kind": "foodborne_cluster", "severity": 3, "raised": 1, "open": 1}],
        open=[alert] * 12,
        names={"K1": "SPPG <Contoh>"},
        is_synthetic=True,
    )._replace(**changes)


def _html(facts: DailyFacts, audit: str = "", is_simulated: bool = False) -> str:
    return daily_page(day_content(facts, audit, is_simulated, _MADE))


def test_figures_alerts_and_sources_are_there_and_few_ill_are_not() -> None:
    page = _html(_facts(), "tidak ada selisih")
    text = re.sub(r"<[^>]*>", " ", page)
    assert "Sumedang, 24 November 2026" in text
    assert "90.000" in text and "90,0 %" in text
    assert "&lt;5" in text and ">3<" not in page.split("Peringatan")[0]
    assert "41" in text
    assert "SPPG &lt;Contoh&gt;" in text and "ditangani rina" in text
    assert "dan 9 lainnya" in text
    assert "clinic_coverage: belum ada baris" in text
    assert "CONTOH" in text and "SIMULASI" not in text
    assert "SIMULASI" in _html(_facts(), "", True)


def test_nothing_to_tell_is_said() -> None:
    page = _html(_facts(raised=[], open=[], is_synthetic=False))
    assert page.count("Tidak ada.") == 2
    assert 'class="mark"' not in page


@pytest.mark.parametrize(
    ("zone", "raised", "updated", "made"),
    [
        ("Asia/Jakarta", "24/11 09.10 WIB", "24/11/2026 16.00 WIB", "25/11/2026 00.05 WIB"),
        ("Asia/Makassar", "24/11 10.10 WITA", "24/11/2026 17.00 WITA", "25/11/2026 01.05 WITA"),
        ("Asia/Jayapura", "24/11 11.10 WIT", "24/11/2026 18.00 WIT", "25/11/2026 02.05 WIT"),
    ],
)
def test_all_times_are_the_regions_and_name_its_zone(
    zone: str, raised: str, updated: str, made: str
) -> None:
    page = _html(_facts(zone=ZoneInfo(zone)))
    assert f">{raised}</td>" in page
    assert page.count(f"data sampai {updated}, sementara") == 3
    assert f"Dibuat {made}." in page
    assert "UTC" not in page


def test_a_hold_says_how_many_recipients_have_stopped() -> None:
    hold = _facts().open[0] | {"kind": "hold", "state": "raised", "recipient_count": 9}
    page = _html(_facts(open=[hold | {"confirmed_count": 9}]))
    assert "9 dari 9 penerima sudah menghentikan" in page
    assert "belum ditangani" not in page


def _longest() -> DailyFacts:
    """Every line that the page may have, with the longest names of a registry."""
    kinds = list(KIND)
    name = "Madrasah Tsanawiyah Negeri Persiapan Kecamatan Jatinangor Kabupaten Sumedang Jawa Barat Kelas Jauh 2"
    alert = _facts().open[0] | {"subject": "R1", "acknowledged_by": "petugas surveilans " * 3}
    raised = [{"kind": kind, "severity": 3, "raised": 99_999, "open": 99_999} for kind in kinds]
    about = {"is_final": 0, "revision": 9_999_999, "updated_at": _MADE}
    columns = [one[2:6:2] for one in _FIGURES] + [(one[2],) for one in (*_DETAILS, *_PEOPLE)]
    row = about | {column: 9_999_999 for some in columns for column in some}
    return _facts(
        rows=dict.fromkeys(("performance", "coverage", "reception", "clinic_coverage"), row),
        raised=raised,
        open=[alert | {"kind": kinds[at % len(kinds)]} for at in range(60)],
        names={"K1": name, "R1": name},
    )


def _texts(content: DayContent) -> list[str]:
    """Every cell and paragraph, as it is written."""
    found = [content.mark, content.heading, content.subtitle]
    for section in content.sections:
        found.append(section.title)
        for block in section.blocks:
            cells = block.rows if isinstance(block, DayTable) else [(block,)]
            found += [cell for row in cells for cell in row]
    return found


@pytest.mark.parametrize("facts", [_facts(), _longest()], ids=["usual", "longest"])
def test_one_sheet_and_one_picture_say_what_the_page_says(facts: DailyFacts) -> None:
    content = day_content(facts, "12345 baris dihitung ulang, tidak ada selisih.", True, _MADE)
    html = re.sub(r"\s+", "", unescape(re.sub(r"<[^>]*>", " ", daily_page(content))))
    [page] = pages_of(daily_pdf(content))
    assert (round(page.width_mm), round(page.height_mm)) == (210, 297)
    written = re.sub(r"\s+", "", page.text)
    for text in _texts(content):
        assert re.sub(r"\s+", "", text) in html
        assert re.sub(r"\s+", "", plain(text)) in written, text
    assert not page.has_colour
    picture = gray(daily_picture(content))
    assert picture.width == 1080 and picture.height > 1080
    assert picture.darkest == 0 and picture.last_dark_row < picture.height - 10, (
        "nothing is cut off"
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a → b", "a > b"),
        ("Al-Ma\u2019soem \u2013 x", "Al-Ma\u2019soem \u2013 x"),
        ("\u0139ukasz", "Lukasz"),
        ("\u5b78\u6821 x", "?? x"),
    ],
)
def test_names_are_written_in_the_letters_of_the_sheet(text: str, wanted: str) -> None:
    assert plain(text) == wanted
