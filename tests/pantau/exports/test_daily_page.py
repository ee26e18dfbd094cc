"""The page of a day: what it shows and what it hides."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from pantau.daily.daily_facts import DailyFacts
from pantau.daily.daily_page import daily_page

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


def test_figures_alerts_and_sources_are_there_and_few_ill_are_not() -> None:
    page = daily_page(_facts(), "tidak ada selisih", False, _MADE)
    text = re.sub(r"<[^>]*>", " ", page)
    assert "Sumedang, 24 November 2026" in text
    assert "90.000" in text and "90,0 %" in text
    assert "&lt;5" in text and ">3<" not in page.split("Peringatan")[0]
    assert "41" in text
    assert "SPPG &lt;Contoh&gt;" in text and "ditangani rina" in text
    assert "dan 9 lainnya" in text
    assert "clinic_coverage: belum ada baris" in text
    assert "CONTOH" in text and "SIMULASI" not in text
    assert "SIMULASI" in daily_page(_facts(), "", True, _MADE)


def test_nothing_to_tell_is_said() -> None:
    page = daily_page(_facts(raised=[], open=[], is_synthetic=False), "", False, _MADE)
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
    page = daily_page(_facts(zone=ZoneInfo(zone)), "", False, _MADE)
    assert f">{raised}</td>" in page
    assert page.count(f"data sampai {updated}, sementara") == 3
    assert f"Dibuat {made}." in page
    assert "UTC" not in page


def test_a_hold_says_how_many_recipients_have_stopped() -> None:
    hold = _facts().open[0] | {"kind": "hold", "state": "raised", "recipient_count": 9}
    page = daily_page(_facts(open=[hold | {"confirmed_count": 9}]), "", False, _MADE)
    assert "9 dari 9 penerima sudah menghentikan" in page
    assert "belum ditangani" not in page
