"""One A4 page in black and white, as HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

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
_STYLE: Final = """
@page { size: A4; margin: 10mm 12mm }
* { box-sizing: border-box }
body { font: 8.5pt/1.2 "Liberation Sans", Arial, sans-serif; color: #000; background: #fff; width: 186mm; margin: 0 auto; padding: 0 }
h1 { font-size: 18pt; margin: 0 } h2 { font-size: 12pt; margin: 2mm 0 .5mm; border-bottom: 1px solid #000 }
.mark { border: 2px solid #000; padding: 0 2mm; font-weight: bold; float: right }
table { width: 100%; border-collapse: collapse }
td, th { padding: .6mm 1.5mm; border-bottom: 1px solid #999; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; white-space: nowrap } .big td.n { font-size: 12pt; font-weight: bold }
small { font-size: 7.5pt } p { margin: .5mm 0 }
"""
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


def daily_page(facts: DailyFacts, audit: str, is_simulated: bool, made_at: datetime) -> str:
    """The page; all its times are the region's. `audit`: its result in words."""
    mark = "SIMULASI" if is_simulated else "CONTOH" if facts.is_synthetic else ""
    date_text = f"{facts.day.day} {_MONTHS[facts.day.month - 1]} {facts.day.year}"
    title = f"Makan bergizi gratis, Kabupaten {facts.name}: {date_text}"
    parts = [
        f'<p class="mark">{mark}</p>' if mark else "",
        f"<h1>{escape(facts.name)}, {date_text}</h1>",
        f"<p>Laporan harian makan bergizi gratis, Kabupaten {escape(facts.name)}, {escape(facts.province)}</p>",
        "<h2>Angka hari ini</h2>",
        _table("big", (_compared(facts, *one) for one in _FIGURES)),
        _pairs([*_plain(facts), *_people(facts)]),
        "<h2>Peringatan yang muncul hari ini</h2>",
        _raised(facts),
        "<h2>Belum selesai</h2>",
        _open(facts),
        "<h2>Sumber</h2>",
        *_sources(facts),
        f"<p><small><b>Audit hari ini:</b> {escape(audit)}</small></p>",
        f"<p><small>Dibuat {_local(facts, made_at)}. Jumlah orang sakit 1 sampai 4 ditulis &lt;5. Dugaan adalah sinyal, belum vonis: "
        "menyatakan kejadian adalah wewenang Dinas Kesehatan.</small></p>",
    ]
    return (
        f'<!doctype html>\n<html lang="id"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def _local(facts: DailyFacts, at: datetime, pattern: str = "%d/%m/%Y %H.%M %Z") -> str:
    """`24/11/2026 16.00 WIB`."""
    return at.astimezone(facts.zone).strftime(pattern)


def _number(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    return escape("-" if value is None else str(value))


def _table(kind: str, rows: Iterator[str]) -> str:
    return f'<table class="{kind}">{"".join(rows)}</table>'


def _compared(facts: DailyFacts, label: str, *names: str) -> str:
    view, column, of_view, of_column, words = names
    value, whole = facts.rows[view].get(column), facts.rows[of_view].get(of_column)
    share = f"{100 * value / whole:.1f} %".replace(".", ",") if value is not None and whole else ""
    return (
        f'<tr><td>{label}</td><td class="n">{_number(value)}</td><td>{words} {_number(whole)}</td>'
        f'<td class="n">{share}</td></tr>'
    )


def _plain(facts: DailyFacts) -> Iterator[tuple[str, str]]:
    for label, view, column in _DETAILS:
        yield label, _number(facts.rows[view].get(column))


def _people(facts: DailyFacts) -> Iterator[tuple[str, str]]:
    for label, view, column in _PEOPLE:
        yield label, _number(masked(facts.rows[view].get(column)))


def _pairs(cells: Sequence[tuple[str, str]]) -> str:
    """Two figures a line."""
    half = (len(cells) + 1) // 2
    rows = []
    for at in range(half):
        line = [cells[at], *cells[at + half : at + half + 1]]
        text = "".join(f'<td>{label}</td><td class="n">{value}</td>' for label, value in line)
        rows.append(f"<tr>{text}</tr>")
    return _table("", iter(rows))


def _raised(facts: DailyFacts) -> str:
    if not facts.raised:
        return "<p>Tidak ada.</p>"
    head = '<tr><th>Tingkat</th><th>Jenis</th><th class="n">Muncul</th><th class="n">Masih terbuka</th></tr>'
    rows = (
        f"<tr><td>{SEVERITY[one['severity']]}</td><td>{escape(KIND.get(one['kind'], one['kind']))}</td>"
        f'<td class="n">{_number(one["raised"])}</td><td class="n">{_number(one["open"])}</td></tr>'
        for one in facts.raised[:_RAISED_LINES]
    )
    return _table("", iter([head, *rows]))


def _open(facts: DailyFacts) -> str:
    if not facts.open:
        return "<p>Tidak ada.</p>"
    rows = []
    shown: list[dict[str, Any]] = []
    for one in facts.open:
        alike = sum(other["kind"] == one["kind"] for other in shown)
        if alike < _OF_A_KIND and len(shown) < _OPEN_LINES:
            shown.append(one)
    for one in shown:
        where = [facts.names[id_] for id_ in (one["unit_id"], one["subject"]) if id_ in facts.names]
        rows.append(
            f"<tr><td>{escape(one['short_id'])}</td><td>{SEVERITY[one['severity']]}</td>"
            f"<td>{escape(KIND.get(one['kind'], one['kind']))}: {escape(' → '.join(where))}</td>"
            f'<td class="n">{_local(facts, one["raised_at"], "%d/%m %H.%M %Z")}</td><td>{escape(_handled(one))}</td></tr>'
        )
    left = len(facts.open) - len(shown)
    more = f"<p>dan {_number(left)} lainnya.</p>" if left > 0 else ""
    return _table("", iter(rows)) + more


def _handled(alert: dict[str, Any]) -> str:
    if alert["kind"] == "hold":
        return FACT["stopped"].format_map(alert)
    if alert["state"] == "acknowledged":
        return f"ditangani {alert['acknowledged_by']}"
    return "belum ditangani"


def _sources(facts: DailyFacts) -> Iterator[str]:
    for view, row in facts.rows.items():
        if not row:
            yield f"<p><small>{view}: belum ada baris.</small></p>"
            continue
        state = "final" if row["is_final"] else "sementara"
        yield (
            f"<p><small>{view}: level kabupaten, window 1d, day {facts.day}, revisi {row['revision']}, "
            f"data sampai {_local(facts, row['updated_at'])}, {state}.</small></p>"
        )
