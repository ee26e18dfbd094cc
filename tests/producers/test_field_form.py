"""The form in a real browser against a real ingest and broker: networks fail, tabs die; all that was entered arrives once."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from contracts.commands import ReturnReport
from contracts.pseudonyms import pseudonym, region_key
from contracts.results.table_rows import DeadLetterRow
from contracts.results.topics import CLINIC_EVENTS, RECIPIENT_EVENTS, SPPG_EVENTS
from contracts.time.clock import real_now_ms
from contracts.time.instant import epoch_ms
from contracts.tokens import enrol_claims, issue, link_claims
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.producers.ingest.holds.test_hold_routes import say as give
from tests.producers.ingest.rejected.letter_log import say, wait_shown
from tests.producers.ingest.returned.test_return_routes import shown as returned_to
from tests.producers.ingest.returned.test_return_routes import wait_shown as wait_returned
from tests.producers.installation import KEY, Running, line, lines_with, now, read
from tests.producers.phone import FormOnPhone, is_usable, phone

pytestmark = pytest.mark.real

_NIK: Final = "3211081505900001"
_HOUR_MS: Final = 3_600_000


@pytest.fixture
def form(served: Running, tmp_path: Path) -> Iterator[FormOnPhone]:
    with phone(served.url, tmp_path / "profile") as one:
        yield one
        assert one.ask("complaints") == []


def arrived(served: Running, topic: str, form: FormOnPhone) -> list[dict[str, Any]]:
    """Events of the phone as they lie on Kafka, in the order of the phone, each once.

    A copy may lie there twice, when an answer was lost; then both are the same but for the stamp.
    """
    wanted = [row["id"] for row in form.rows() if row["state"] == "sent"]
    assert wanted
    found: dict[str, dict[str, Any]] = {}
    for _, event in lines_with(read(served.broker, topic), *wanted):
        del event["receivedtime"]
        assert found.setdefault(event["id"], event) == event
    assert found.keys() == set(wanted), "what the phone calls sent is on Kafka"
    return sorted(found.values(), key=lambda event: event["deviceseq"])


def all_sent(form: FormOnPhone) -> None:
    form.send_now()
    form.shows("Semua terkirim")


def report_eaten(form: FormOnPhone, kg: str) -> None:
    form.tap("Dimakan dan sisa")
    form.fill(Sisa_makanan=kg)
    form.tap("Simpan")


def test_nothing_is_lost_or_doubled_by_networks_and_dying_phones(
    served: Running, form: FormOnPhone
) -> None:
    form.shows("Daftarkan HP ini")
    is_usable(form)
    form.enrol(SCHOOL)
    is_usable(form)

    for count, mode in enumerate(("busy", "captive", "lost"), 1):
        form.ask("network", mode=mode)
        report_eaten(form, str(count))
        form.ask("posted")
        form.shows(f"Tersimpan di HP, belum terkirim ({count})")
    is_usable(form)

    # The phone dies while the server has it all and its answer is on the way.
    form.ask("network", mode="silent")
    form.send_now()
    form.ask("posted")
    form.ask("kill")
    form.ask("network", mode="open")
    form.ask("start")
    form.shows("Semua terkirim")

    # No network at all: the page opens from the phone, and a new tab of it too.
    form.ask("network", down=True)
    form.ask("goto", path="")
    report_eaten(form, "4,5")
    form.shows("belum terkirim (1)")
    form.ask("tab")
    form.shows("belum terkirim (1)")
    report_eaten(form, "5")
    form.shows("belum terkirim (2)", "Tanpa jaringan")

    # A full phone loses its database.
    form.ask("wipe")
    form.shows("2 laporan yang belum terkirim dipulihkan", "belum terkirim (2)")
    form.ask("network", down=False)
    all_sent(form)

    # What was settled before the wipe is gone from the phone, not from Kafka.
    left = arrived(served, RECIPIENT_EVENTS, form)
    assert [event["data"]["leftover_g"] for event in left] == [4500, 5000]
    assert [event["deviceseq"] for event in left] == [4, 5]
    of_phone = [
        event
        for record in read(served.broker, RECIPIENT_EVENTS)
        for event in map(json.loads, record.value.split(b"\n"))
        if event.get("deviceid") == left[0]["deviceid"]
    ]
    by_id = {event["id"]: event for event in of_phone}
    assert sorted(event["deviceseq"] for event in by_id.values()) == [1, 2, 3, 4, 5]
    assert len(of_phone) > len(by_id), "the lost answers made copies"


def test_a_report_is_corrected_taken_back_and_mended(served: Running, form: FormOnPhone) -> None:
    form.enrol(SCHOOL)
    form.tap("Makanan datang")
    form.fill(Porsi_diterima="310", Porsi_ditolak="4")
    form.tap("Tidak baik", "Basi", "Simpan")
    form.sent(1)

    form.tap("Semua terkirim", "Ubah")
    form.fill(Porsi_diterima="300")
    form.tap("Simpan perbaikan")
    form.sent(2)
    form.tap("Semua terkirim", "Ubah")
    form.fill(Porsi_diterima="299")
    form.tap("Simpan perbaikan")
    form.sent(3)
    form.tap("Semua terkirim", "Batalkan", "Salah ketik")
    form.shows("Dibatalkan")

    # A time that is too long ago is locked, with why, and nothing that was entered is gone.
    form.tap("Kembali", "Hadir hari ini")
    form.fill(**{"SD/MI": "280", "Guru_&_staf": "12", "Tidak_hadir_karena_sakit": "3"})
    form.tap("ubah")
    form.fill(Waktu_kejadian=local(timedelta(days=-40)))
    form.shows("Terkunci: laporan hanya diterima sampai 30 hari")
    assert not form.ask("enabled", name="Simpan")
    is_usable(form)
    form.tap("sekarang", "Simpan")
    form.sent(5)

    # What the server refuses is mended, and is another event then. The phone does not see digits of another script.
    form.tap("Makanan datang")
    form.fill(Nomor_antaran="\N{FULLWIDTH DIGIT THREE}" + _NIK[1:])
    form.tap("Baik", "Simpan")
    form.shows("Perlu diperbaiki (1)")
    form.tap("Perlu diperbaiki")
    form.shows("mirip NIK")
    is_usable(form)
    form.tap("Perbaiki")
    form.fill(Nomor_antaran=_NIK)
    form.tap("Simpan perbaikan")
    form.shows("Nomor antaran: ada angka yang mirip NIK")
    form.fill(Nomor_antaran="T-1")
    form.tap("Simpan perbaikan")
    form.sent(6)

    first, second, third, taken, attendance, checked = arrived(served, RECIPIENT_EVENTS, form)
    assert first["data"] == {
        "kitchen": KITCHEN, "portions": 310, "refused": 4, "reasons": ["spoiled"], "senses_passed": False,
    }  # fmt: skip
    assert [second["supersedes"], third["supersedes"]] == [first["id"], second["id"]]
    assert second["time"] == first["time"] and second["recordedtime"] > first["time"]
    assert (taken["type"], taken["supersedes"]) == ("event.retracted", third["id"])
    assert attendance["data"] == {"present": {"sd": 280, "guru": 12}, "absent_ill": 3}
    assert "supersedes" not in attendance and "supersedes" not in checked
    assert not any("correctionreason" in one for one in (second, third, taken))
    [refused] = [row for row in form.rows() if row["state"] == "dropped"]
    assert refused["code"] == "nik" and refused["id"] != checked["id"]


def test_what_was_refused_elsewhere_is_shown_until_somebody_has_seen_to_it(
    served: Running, form: FormOnPhone
) -> None:
    other, stale = uuid.uuid4().hex, "2020-01-01T00:00:00Z"
    assert served.post(line("recipient.meal.eaten", other, time=stale), SCHOOL).status_code == 422
    form.enrol(SCHOOL)
    form.tap("Ada yang sakit")
    form.fill(Berapa_orang="2")
    form.tap("Mual", "Simpan")
    form.sent(1)
    [mine] = form.rows()
    letter = DeadLetterRow(
        letter_id=uuid.uuid4().hex, received_at=now(), region=REGION, unit_id=SCHOOL, code="conflict", detail="-",
        attempts=1, topic=RECIPIENT_EVENTS, partition=0, offset=5, line=0, event_day=None, key="",
        bytes=b64encode(mine["line"].encode()).decode(),
    )  # fmt: skip
    say(served, "dead_letters", letter)
    wait_shown(served, SCHOOL, mine["id"])
    form.ask("goto", path="")
    form.tap("Ditolak server")
    form.shows("Dikirim untuk satuan ini", "Dimakan dan sisa", "lebih dari 30 hari yang lalu")
    form.shows("Perlu diperbaiki (1)", "nomor yang sama dan isi yang berbeda")
    is_usable(form)
    form.tap("Isi lagi")
    form.fill(Sisa_makanan="2")
    form.tap("Simpan", "Perlu diperbaiki", "Perbaiki")
    form.fill(Berapa_orang="3")
    form.tap("Simpan perbaikan")
    form.sent(2)
    mended = arrived(served, RECIPIENT_EVENTS, form)[-1]
    assert (mended["supersedes"], mended["data"]["ill"]) == (mine["id"], 3)
    form.tap("Semua terkirim")
    # Those of other phones in these tests are among them.
    for left in reversed(range(form.ask("text").count("Sudah diurus"))):
        form.tap("Sudah diurus")
        if left:
            form.shows(f"Ditolak server ({left})")
    form.hides("Ditolak server")
    form.ask("goto", path="")
    form.shows("Semua terkirim")
    assert "Ditolak server" not in form.ask("text")


def test_a_returned_report_is_shown_with_its_reason_until_it_is_answered(
    served: Running, form: FormOnPhone
) -> None:
    form.enrol(SCHOOL)
    report_eaten(form, "9")
    form.sent(1)
    [mine] = form.rows()
    elsewhere = uuid.uuid4().hex
    for event, type_, note in (
        (mine["id"], "recipient.meal.eaten", "sisa lebih dari yang datang"),
        (elsewhere, "recipient.illness.noticed", "tertukar dengan kelas lain"),
    ):
        order = ReturnReport(
            id=uuid.uuid4().hex, region=REGION, by="ratna", note=note, unit=SCHOOL, event=event, type=type_
        )  # fmt: skip
        give(served, order)
        wait_returned(served, event)
    form.ask("goto", path="")
    form.tap("Dikembalikan petugas (")
    form.shows("sisa lebih dari yang datang", "tertukar dengan kelas lain")
    is_usable(form)
    form.tap("Perbaiki")
    form.shows("Laporan ini tidak ada di HP ini")
    form.fill(Berapa_orang="2")
    form.tap("Mual", "Simpan perbaikan")
    form.sent(2)
    form.hides("tertukar dengan kelas lain")
    form.tap("Dikembalikan petugas (", "Perbaiki")
    form.fill(Sisa_makanan="2")
    form.tap("Simpan perbaikan")
    form.sent(3)
    first, ill, eaten = arrived(served, RECIPIENT_EVENTS, form)
    assert (ill["supersedes"], eaten["supersedes"]) == (elsewhere, mine["id"])
    assert ill["correctionreason"] == eaten["correctionreason"] == "dikembalikan petugas"
    assert eaten["data"] == first["data"] | {"leftover_g": 2000}
    assert eaten["time"] == first["time"]
    form.ask("goto", path="")
    form.shows("Semua terkirim")
    form.hides("sisa lebih dari yang datang")
    assert {mine["id"], elsewhere}.isdisjoint(returned_to(served))


def local(after: timedelta) -> str:
    """As a field for date and time takes it."""
    now = datetime.fromtimestamp(real_now_ms() / 1000, UTC).astimezone(ZoneInfo("Asia/Jakarta"))
    return (now + after).strftime("%Y-%m-%dT%H:%M")


def test_a_phone_that_is_three_hours_wrong_makes_nothing_late(
    served: Running, form: FormOnPhone
) -> None:
    form.ask("clock", ahead_ms=3 * _HOUR_MS)
    form.enrol(SCHOOL)
    form.shows("Jam HP ini salah 3 jam lebih cepat")
    is_usable(form)
    before = real_now_ms()
    form.tap("Ada yang sakit")
    form.fill(Berapa_orang="2")
    form.tap("Mual", "Simpan")
    form.sent(1)
    [event] = arrived(served, RECIPIENT_EVENTS, form)
    # The server tells its time to the second.
    assert before - 10_000 <= epoch_ms(event["time"]) <= real_now_ms() + 10_000
    assert epoch_ms(event["data"]["since"]) <= epoch_ms(event["time"])
    assert abs(event["clockoffsetms"] + 3 * _HOUR_MS) < 10_000
    assert epoch_ms(event["phonetime"]) > before + 2 * _HOUR_MS


def test_a_schools_link_opens_on_many_phones_each_a_device_of_its_own(
    served: Running, form: FormOnPhone, tmp_path: Path
) -> None:
    link = school_link(30)
    with phone(served.url, tmp_path / "other") as other:
        for kg, one in enumerate((form, other), 1):
            one.scan(link)
            one.shows("Belum ada laporan")
            report_eaten(one, str(kg))
            one.sent(1)
        [first], [second] = (arrived(served, RECIPIENT_EVENTS, one) for one in (form, other))
        assert (first["deviceseq"], second["deviceseq"]) == (1, 1)
        assert first["deviceid"] != second["deviceid"]
        other.scan(school_link(-1))
        other.shows("Tautan sekolah ini sudah berakhir atau dicabut", "Semua terkirim")
        is_usable(other)
        assert other.ask("complaints") == []
    # A phone that gets a token of its own keeps it when it opens the link again.
    form.scan(issue(KEY, enrol_claims(SCHOOL, real_now_ms())))
    deadline = time.monotonic() + 10
    while (own := form.claims()) is None or own.until is not None:
        assert time.monotonic() < deadline, own
        time.sleep(0.05)
    form.scan(link)
    report_eaten(form, "3")
    form.sent(2)
    assert form.claims() == own


def school_link(valid_days: int) -> str:
    return issue(KEY, link_claims(SCHOOL, real_now_ms(), valid_days * 86_400))


def test_a_kitchens_day_on_one_screen(served: Running, form: FormOnPhone) -> None:
    form.enrol(KITCHEN)
    # What another phone or program of the kitchen has reported stands on the wall and not here.
    form.shows("Hari ini, dilaporkan dari HP ini")
    form.tap("Bahan datang")
    is_usable(form)
    form.fill(Bahan="Telur rebus", Pemasok="UD Contoh")
    form.tap("Ya, siap makan", "Simpan")
    form.tap("Selesai masak")
    form.fill(**{"Nama masakan": "M-1", "Porsi": "300", "Suhu_inti": "82,5"})
    form.tap("Telur rebus", "Simpan")
    form.shows("aman sampai")
    is_usable(form)
    form.tap("Uji makanan", "Lulus", "Simpan")
    form.tap("Berangkat")
    form.fill(Porsi="300")
    form.tap("Simpan")
    form.tap("Diterima penerima", "Sekolah")
    is_usable(form)
    form.fill(Porsi="300", Suhu_saat_diterima="61")
    form.tap("Simpan", "Dimakan dan sisa", "Sekolah")
    form.fill(**{"SD/MI": "290", "Guru_&_staf": "10", "Sisa_makanan": "1,5"})
    form.tap("Simpan", "Suhu alat")
    form.fill(Suhu="4")
    form.tap("Simpan", "Kejadian", "Alat rusak", "Ringan")
    form.fill(Catatan="Kompor nomor dua padam.")
    form.tap("Simpan")
    form.sent(8)
    events = arrived(served, SPPG_EVENTS, form)
    assert [event["type"].removeprefix("sppg.") for event in events] == [
        "ingredient.received", "cooking.finished", "food.tested", "dispatch.departed",
        "delivery.received", "meal.eaten", "temperature.measured", "incident.reported",
    ]  # fmt: skip
    lot, cooked, tested, departed, received, eaten = (event["data"] for event in events[:6])
    assert cooked["lots"] == [lot["lot"]]
    assert {tested["batch"], departed["batches"][0], received["batch"]} == {"M-1"}
    assert received["cooked_at"] == events[1]["time"]
    assert (received["trip"], events[4]["subject"]) == (departed["trip"], SCHOOL)
    assert eaten == {"eaten": {"sd": 290, "guru": 10}, "leftover_g": 1500}


def test_a_clinic_sends_pseudonyms_and_no_nik(served: Running, form: FormOnPhone) -> None:
    form.enrol(CLINIC)
    form.tap("Hitungan pasien")
    form.tap("Tambah Pasien 10", "Tambah Pasien 10", "Tambah Pasien 10", "Tambah Pasien 10")
    form.tap("Simpan", "Timbang dan ukur")
    is_usable(form)
    form.fill(Anak=_NIK, Tanggal_lahir="2024-03-01", Berat="11,4", Panjang_atau_tinggi="86,5")
    form.tap("Perempuan", "Berdiri", "Simpan")
    form.tap("Imunisasi", "Tanpa NIK")
    form.fill(Anak="KIA-17")
    # Of 20 doses none is ten too many by one touch.
    assert not form.ask("tapIfThere", name="Tambah Dosis ke 10")
    form.tap("Polio tetes", "Simpan", "Periksa ibu hamil")
    form.fill(Ibu=_NIK, Hb="10,8")
    form.tap("Simpan", "Kasus")
    form.fill(Pasien=_NIK, Umur="9")
    form.tap(
        "Laki-laki", "Diduga dari makanan", "Muntah", "Lanjut", "Rawat inap", "Sekolah", "Simpan"
    )
    form.sent(5)
    counted, growth, dose, visit, case = arrived(served, CLINIC_EVENTS, form)
    key = region_key(KEY, REGION)
    person = pseudonym(key, _NIK)
    assert counted["data"]["cases"] == 40
    assert growth["data"]["child"] == visit["data"]["mother"] == case["data"]["patient"] == person
    assert (growth["data"]["weight_kg"], growth["data"]["height_cm"]) == (11.4, 86.5)
    assert dose["data"]["child"] == pseudonym(key, f"{CLINIC}/KIA-17")
    assert case["subject"]
    kept = json.dumps(form.rows()) + json.dumps(form.ask("kept"))
    assert _NIK not in kept and "KIA-17" not in kept, "the number is nowhere on the phone"
    assert not any(_NIK.encode() in record.value for record in read(served.broker, CLINIC_EVENTS))
