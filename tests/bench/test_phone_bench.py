"""`bench.phone`: its page shows the middle of several phones, in seconds and kilobytes."""

from __future__ import annotations

from bench.phone.phone_report import Network, Visit, Visits, write


def test_the_page_shows_the_middle_of_both_visits() -> None:
    network = Network("2G", 280, 256, 800)
    phones = [
        Visits(Visit(paint, paint + 1_000, 8_000, 54_000), Visit(300, 900, 2_000, 1_000))
        for paint in (3_700.0, 9_000.0, 3_500.0)
    ]
    page = write("python -m bench.phone", "a machine", "2026-11-30T02:00:00Z", 6, [(network, phones)])  # fmt: skip
    assert "| 2G | first | 3.7 | 4.7 | 54 | 8 |" in page
    assert "| 2G | second | 0.3 | 0.9 | 1 | 2 |" in page
    assert "3 rounds" in page
