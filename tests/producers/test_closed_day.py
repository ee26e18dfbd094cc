"""A day that is closed, in a real browser: its reports are corrected with a reason, and after 30 days no more; ingest asks for none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.results.topics import RECIPIENT_EVENTS
from contracts.time.clock import real_now_ms
from contracts.tokens import device_claims, issue
from tests.examples import SCHOOL
from tests.producers.installation import KEY, Running, line, lines_with, now, read
from tests.producers.phone import FormOnPhone, phone

pytestmark = pytest.mark.real

_DAY_MS: Final = 86_400_000
_NIK: Final = "3211081505900001"


@pytest.fixture
def form(served: Running, tmp_path: Path) -> Iterator[FormOnPhone]:
    with phone(served.url, tmp_path / "profile") as one:
        one.enrol(SCHOOL)
        yield one
        assert one.ask("complaints") == []


def reported_days_ago(form: FormOnPhone, days: int) -> dict[str, Any]:
    """A report that was sent, as the phone has it after so many days."""
    form.tap("Dimakan dan sisa")
    form.fill(Sisa_makanan="5")
    form.tap("Simpan")
    form.sent(1)
    [row] = form.rows()
    token = issue(KEY, device_claims(SCHOOL, real_now_ms()))
    form.ask("sleep", days={row["id"]: days}, token=token)
    form.ask("goto", path="")
    form.tap("Semua terkirim")
    return row


def test_a_correction_of_a_closed_day_is_sent_with_its_reason(
    served: Running, form: FormOnPhone
) -> None:
    first = reported_days_ago(form, 3)
    form.shows("sudah ditutup pukul 24.00: angkanya sudah dilaporkan")
    form.tap("Ubah")
    form.shows("Perbaikan masih diterima, tetapi perlu alasan")
    form.fill(Sisa_makanan="6")
    form.tap("Simpan perbaikan")
    form.shows("Belum diisi: Mengapa diperbaiki?")
    form.tap("Lainnya")
    form.fill(Alasan_lain=f"dari {_NIK}")
    form.tap("Simpan perbaikan")
    form.shows("Alasan lain: ada angka yang mirip NIK")
    assert form.ask("faults") == []
    form.fill(Alasan_lain="Timbangan baru dibetulkan")
    form.tap("Simpan perbaikan")
    form.sent(2)

    # The next one has a reason of its own.
    form.tap("Semua terkirim", "Ubah")
    assert form.ask("value", label="Sisa makanan") == "6"
    form.fill(Sisa_makanan="6,5")
    form.tap("Salah ketik", "Simpan perbaikan")
    form.sent(3)
    form.tap("Semua terkirim", "Batalkan", "Tercatat dua kali")
    form.sent(4)

    _, second, third, taken = sorted(form.rows(), key=lambda row: row["seq"])
    found = lines_with(
        read(served.broker, RECIPIENT_EVENTS), second["id"], third["id"], taken["id"]
    )
    by_id = {event["id"]: event for _, event in found}
    assert by_id[second["id"]]["supersedes"] == first["id"]
    assert by_id[second["id"]]["correctionreason"] == "Timbangan baru dibetulkan"
    assert by_id[third["id"]]["correctionreason"] == "salah ketik"
    assert by_id[taken["id"]]["data"] == {"reason": "tercatat dua kali"}


def test_a_report_of_more_than_30_days_ago_says_why_it_is_locked(form: FormOnPhone) -> None:
    reported_days_ago(form, 31)
    form.shows("Terkunci: laporan hanya diterima sampai 30 hari sesudah kejadian")
    form.hides("Ubah")
    assert "Batalkan" not in form.ask("text")
    assert form.ask("faults") == []


@pytest.mark.parametrize("reason", [None, "", "x" * 5_000, 7, {"why": "no text"}])
def test_ingest_takes_a_late_correction_whatever_it_gives_as_a_reason(
    served: Running, reason: Any
) -> None:
    given = {"supersedes": "of-a-closed-day", "correctionreason": reason}
    late = line(
        "recipient.meal.eaten", f"late-{real_now_ms()}", time=now(-20 * _DAY_MS), recordedtime=now(), **given,
    )  # fmt: skip
    assert served.post(late, SCHOOL).status_code == 202


def test_a_nik_in_a_reason_is_refused(served: Running) -> None:
    named = line("recipient.meal.eaten", f"named-{real_now_ms()}", correctionreason=f"Ani {_NIK}")
    answer = served.post(named, SCHOOL)
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["code"] == "nik"
    assert _NIK not in answer.text
