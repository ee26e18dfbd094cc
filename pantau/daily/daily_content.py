"""What the page of a day says, as text in tables: paper, screen and picture show the same cells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from notices.core.notice_words import FACT, KIND, SEVERITY
from pantau.daily.daily_facts import DailyFacts
from pantau.exports.excel_csv import masked

_OPEN_LINES: Final = 9
_OF_A_KIND: Final = 3
"""So many of one kind are shown: ten kitchens without a certificate would leave no room for a batch that failed its test."""
_RAISED_LINES: Final = 9
_MONTHS: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip
_FIGURES: Final = (
    ("Porsi diterima", "performance", "portions_received", "performance", "portions_target", "dari target"),
    ("Porsi dimakan", "coverage", "eaten", "coverage", "target", "dari target"),
    ("Penerima dilayani", "coverage", "recipients_served", "coverage", "recipients_target", "dari"),
    ("Kiriman tepat waktu", "performance", "deliveries_on_time", "performance", "deliveries", "dari"),
)  # fmt: skip
_DETAILS: Final = (
    ("Porsi dimasak", "performance", "portions_cooked"),
    ("Porsi dikirim", "performance", "portions_dispatched"),
    ("Kiriman lebih dari 4 jam sejak dimasak", "performance", "deliveries_over_4h"),
    ("Kiriman lebih dari 6 jam sejak dimasak", "performance", "deliveries_over_6h"),
    ("Uji makanan gagal", "performance", "tests_failed"),
    ("Insiden dilaporkan", "performance", "incidents"),
    ("Porsi dikonfirmasi penerima", "reception", "portions_confirmed"),
    ("Porsi ditolak penerima", "reception", "portions_refused"),
    ("Uji indra penerima tidak lulus", "reception", "senses_failed"),
    ("Penerima yang melapor", "reception", "reporting"),
)
_PEOPLE: Final = (
    ("Absen sakit (laporan penerima)", "reception", "absent_ill"),
    ("Sakit menurut penerima", "reception", "ill_noticed"),
    ("Kasus dugaan keracunan di faskes", "clinic_coverage", "foodborne_cases"),
    ("Kasus dihitung faskes", "clinic_coverage", "foodborne_counted"),
)
"""Counts of ill people: from 1 to 4 they are hidden."""


class DayTable(NamedTuple):
    """`columns`: `l` or `r` a column, where its cells stand; `widths`: their shares. `has_head`: the first row names them."""

    rows: list[tuple[str, ...]]
    columns: str
    widths: tuple[int, ...]
    is_big: bool = False
    has_head: bool = False


class DaySection(NamedTuple):
    """Tables and paragraphs under one title. `is_small`: what few will read."""

    title: str
    blocks: list[DayTable | str]
    is_small: bool = False


class DayContent(NamedTuple):
    """`mark`: what kind of data it is where it is not real; else empty."""

    mark: str
    title: str
    heading: str
    subtitle: str
    sections: list[DaySection]


def day_content(facts: DailyFacts, audit: str, is_simulated: bool, made_at: datetime) -> DayContent:
    """All of it; its times are the region's. `audit`: its result in words."""
    day = f"{facts.day.day} {_MONTHS[facts.day.month - 1]} {facts.day.year}"
    figures = [_compared(facts, *one) for one in _FIGURES]
    return DayContent(
        mark="SIMULASI" if is_simulated else "CONTOH" if facts.is_synthetic else "",
        title=f"Makan bergizi gratis, Kabupaten {facts.name}: {day}",
        heading=f"{facts.name}, {day}",
        subtitle=f"Laporan harian makan bergizi gratis, Kabupaten {facts.name}, {facts.province}",
        sections=[
            DaySection(
                "Angka hari ini",
                [DayTable(figures, "lrlr", (36, 20, 26, 18), is_big=True), _pairs(facts)],
            ),
            DaySection("Peringatan yang muncul hari ini", _raised(facts)),
            DaySection("Belum selesai", _open(facts)),
            DaySection(
                "Sumber",
                [
                    *_sources(facts),
                    f"Audit hari ini: {audit}",
                    f"Dibuat {_local(facts, made_at)}. Jumlah orang sakit 1 sampai 4 ditulis <5. Dugaan adalah sinyal, belum "
                    "vonis: menyatakan kejadian adalah wewenang Dinas Kesehatan.",
                ],
                is_small=True,
            ),
        ],
    )


def _local(facts: DailyFacts, at: datetime, pattern: str = "%d/%m/%Y %H.%M %Z") -> str:
    """`24/11/2026 16.00 WIB`."""
    return at.astimezone(facts.zone).strftime(pattern)


def _number(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    return "-" if value is None else str(value)


def _compared(facts: DailyFacts, label: str, *names: str) -> tuple[str, ...]:
    view, column, of_view, of_column, words = names
    value, of_all = facts.rows[view].get(column), facts.rows[of_view].get(of_column)
    share = (
        f"{100 * value / of_all:.1f} %".replace(".", ",") if value is not None and of_all else ""
    )
    return label, _number(value), f"{words} {_number(of_all)}", share


def _pairs(facts: DailyFacts) -> DayTable:
    """Two figures a line."""
    cells = [(label, _number(facts.rows[view].get(column))) for label, view, column in _DETAILS]
    cells += [
        (label, _number(masked(facts.rows[view].get(column)))) for label, view, column in _PEOPLE
    ]
    half = len(cells) // 2
    rows: list[tuple[str, ...]] = [
        (*left, *right) for left, right in zip(cells[:half], cells[half:], strict=True)
    ]
    return DayTable(rows, "lrlr", (38, 12, 38, 12))


def _raised(facts: DailyFacts) -> list[DayTable | str]:
    if not facts.raised:
        return ["Tidak ada."]
    rows: list[tuple[str, ...]] = [("Tingkat", "Jenis", "Muncul", "Masih terbuka")]
    for one in facts.raised[:_RAISED_LINES]:
        kind = KIND.get(one["kind"], one["kind"])
        rows.append((SEVERITY[one["severity"]], kind, _number(one["raised"]), _number(one["open"])))
    return [DayTable(rows, "llrr", (16, 50, 12, 22), has_head=True)]


def _open(facts: DailyFacts) -> list[DayTable | str]:
    if not facts.open:
        return ["Tidak ada."]
    shown: list[dict[str, Any]] = []
    for one in facts.open:
        alike = sum(other["kind"] == one["kind"] for other in shown)
        if alike < _OF_A_KIND and len(shown) < _OPEN_LINES:
            shown.append(one)
    rows = [_line(facts, one) for one in shown]
    left = len(facts.open) - len(shown)
    more = [f"dan {_number(left)} lainnya."] if left > 0 else []
    return [DayTable(rows, "lllrl", (6, 14, 40, 20, 20)), *more]


def _line(facts: DailyFacts, one: dict[str, Any]) -> tuple[str, ...]:
    where = [facts.names[id_] for id_ in (one["unit_id"], one["subject"]) if id_ in facts.names]
    what = f"{KIND.get(one['kind'], one['kind'])}: {' → '.join(where)}"
    at = _local(facts, one["raised_at"], "%d/%m %H.%M %Z")
    return one["short_id"], SEVERITY[one["severity"]], what, at, _handled(one)


def _handled(alert: dict[str, Any]) -> str:
    if alert["kind"] == "hold":
        return FACT["stopped"].format_map(alert)
    if alert["state"] == "acknowledged":
        return f"ditangani {alert['acknowledged_by']}"
    return "belum ditangani"


def _sources(facts: DailyFacts) -> Iterator[str]:
    for view, row in facts.rows.items():
        if not row:
            yield f"{view}: belum ada baris."
            continue
        state = "final" if row["is_final"] else "sementara"
        yield (
            f"{view}: level kabupaten, window 1d, day {facts.day}, revisi {row['revision']}, "
            f"data sampai {_local(facts, row['updated_at'])}, {state}."
        )
