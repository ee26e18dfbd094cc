"""A phone that several people share, in a real browser: its PIN, who is on shift, and what is left when it is handed on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from contracts.results.topics import RECIPIENT_EVENTS
from contracts.time.clock import real_now_ms
from contracts.tokens import enrol_claims, issue, link_claims
from tests.examples import SCHOOL
from tests.producers.installation import KEY, Running, lines_with, read
from tests.producers.phone import FormOnPhone, phone

pytestmark = pytest.mark.real

_MINUTE_MS: Final = 60_000


@pytest.fixture
def form(served: Running, tmp_path: Path) -> Iterator[FormOnPhone]:
    with phone(served.url, tmp_path / "profile") as one:
        one.enrol(SCHOOL)
        yield one
        assert one.ask("complaints") == []


def report_eaten(form: FormOnPhone, kg: str) -> None:
    form.tap("Dimakan dan sisa")
    form.fill(Sisa_makanan=kg)
    form.tap("Simpan")


def set_pin(form: FormOnPhone, pin: str) -> None:
    form.fill(PIN_baru=pin, Ulangi_PIN=pin)
    form.tap("Pakai PIN")
    form.shows("HP ini memakai PIN")


def try_pin(form: FormOnPhone, pin: str) -> None:
    form.fill(PIN=pin)
    form.tap("Buka")


def test_a_pin_closes_the_form_and_a_new_code_opens_it_with_all_that_is_unsent(
    form: FormOnPhone,
) -> None:
    form.tap("HP ini")
    assert form.ask("faults") == []
    set_pin(form, "2468")
    form.tap("Kembali")
    form.ask("network", mode="busy")
    report_eaten(form, "1")
    form.shows("belum terkirim (1)")

    form.ask("goto", path="")
    form.shows("Masukkan PIN", "belum terkirim (1)")
    assert "Makanan datang" not in form.ask("text")
    assert form.ask("faults") == []
    try_pin(form, "1111")
    form.shows("PIN salah")
    try_pin(form, "2468")
    form.shows("Makanan datang")
    form.ask("leave", ms=4 * _MINUTE_MS)
    form.shows("Makanan datang")
    form.ask("leave", ms=6 * _MINUTE_MS)
    form.shows("Masukkan PIN")

    # A lost database is no way round it: the second copy has the PIN too.
    form.ask("wipe")
    form.shows("Masukkan PIN", "belum terkirim (1)")
    for _ in range(5):
        try_pin(form, "0000")
    form.shows("Tunggu 30 detik")
    form.ask("goto", path="")
    try_pin(form, "2468")
    form.shows("PIN salah terlalu sering")

    # Neither is the link on the wall. A code is.
    form.scan(issue(KEY, link_claims(SCHOOL, real_now_ms(), 86_400)))
    form.shows("Masukkan PIN")
    form.scan(issue(KEY, enrol_claims(SCHOOL, real_now_ms())))
    form.shows("Makanan datang", "belum terkirim (1)")
    form.ask("network", mode="open")
    form.send_now()
    form.sent(1)


def test_who_is_on_shift_stands_in_the_events_and_nothing_is_left_after_the_hand_over(
    served: Running, form: FormOnPhone
) -> None:
    form.tap("HP ini")
    form.fill(Kode_petugas="a7")
    form.tap("Mulai bertugas")
    form.shows("A7 bertugas sejak", "JANGAN nama", "Semua sudah terkirim")
    set_pin(form, "2468")
    form.tap("Kembali")
    form.shows("Petugas A7")
    report_eaten(form, "1")
    form.sent(1)
    form.tap("ubah", "Selesai", "Kembali")
    form.ask("network", down=True)
    report_eaten(form, "2")
    form.shows("Siapa bertugas?", "belum terkirim (1)")

    # What is half typed is a trace as well.
    form.tap("Hadir hari ini")
    form.fill(Tidak_hadir_karena_sakit="3")
    form.tap("Kembali", "HP ini")
    form.shows("Belum dapat dihapus")
    assert not form.ask("enabled", name="Hapus semua")
    form.tap("Simpan sebagai berkas")
    form.shows("Berkas sudah dibuat")
    assert form.ask("enabled", name="Hapus semua")
    first, second = form.rows()
    assert form.ask("saved") == second["line"] + "\n"
    assert form.ask("faults") == []
    form.ask("network", down=False)
    form.send_now()
    form.shows("Semua sudah terkirim")
    form.tap("Hapus semua")
    form.shows("Daftarkan HP ini")

    assert form.rows() == []
    left = form.ask("kept")
    assert "pantau.draft" not in left
    copy = json.loads(left["pantau.mirror"])
    assert (copy["token"], copy["source"], copy["pin"], copy["rows"]) == (None, None, None, [])
    [(_, one), (_, other)] = lines_with(read(served.broker, RECIPIENT_EVENTS), first["id"], second["id"])  # fmt: skip
    codes = {event["id"]: event.get("staffcode") for event in (one, other)}
    assert codes == {first["id"]: "A7", second["id"]: None}
    # Whoever gets the phone is another device.
    form.enrol(SCHOOL)
    report_eaten(form, "3")
    form.sent(1)
    [row] = form.rows()
    assert row["seq"] == 1 and json.loads(row["line"])["deviceid"] != one["deviceid"]
