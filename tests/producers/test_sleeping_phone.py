"""A phone that lay in a drawer for a month: what may still be counted arrives once, what is too old is neither sent nor lost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import pytest

from contracts.results.topics import RECIPIENT_EVENTS
from contracts.time.clock import real_now_ms
from contracts.time.instant import epoch_ms
from contracts.tokens import device_claims, issue, link_claims
from tests.examples import SCHOOL
from tests.producers.installation import KEY, Running, lines_with, read
from tests.producers.phone import FormOnPhone, phone

pytestmark = pytest.mark.real

_DAY_MS: Final = 86_400_000


def report_eaten(form: FormOnPhone, kg: str) -> None:
    form.tap("Dimakan dan sisa")
    form.fill(Sisa_makanan=kg)
    form.tap("Simpan")


def states(form: FormOnPhone, wanted: list[str]) -> list[dict[str, object]]:
    """Rows of the phone in its order, once they have these states."""
    deadline = time.monotonic() + 20
    while True:
        rows = sorted(form.rows(), key=lambda row: row["seq"])
        if [row["state"] for row in rows] == wanted:
            return rows
        assert time.monotonic() < deadline, rows
        time.sleep(0.05)


def test_after_29_days_all_is_sent_once_and_after_31_it_is_to_mend(
    served: Running, tmp_path: Path
) -> None:
    link = issue(KEY, link_claims(SCHOOL, real_now_ms(), 86_400))
    with phone(served.url, tmp_path / "profile") as form:
        form.scan(link)
        form.shows("Belum ada laporan")
        form.ask("network", down=True)
        for kg in ("1", "2", "3"):
            report_eaten(form, kg)
            form.shows(f"belum terkirim ({kg})")
        rows = states(form, ["waiting"] * 3)
        made_ms = real_now_ms() - 31 * _DAY_MS
        token = issue(KEY, device_claims(SCHOOL, made_ms, real_now_ms() // 1000))
        ages = {row["id"]: days for row, days in zip(rows, (31, 29, 29), strict=True)}
        form.ask("sleep", days=ages, token=token)

        # The token of a link has ended meanwhile: nothing goes, nothing is lost.
        form.ask("network", down=False)
        form.ask("goto", path="")
        form.shows("Izin HP ini sudah berakhir", "belum terkirim (3)")
        form.scan(link)
        form.shows("Perlu diperbaiki (1)", "Semua terkirim")
        old, *sent = states(form, ["refused", "sent", "sent"])
        form.tap("Perlu diperbaiki")
        form.shows("lebih dari 30 hari yang lalu: tidak dapat diterima lagi")
        form.tap("Simpan sebagai berkas")
        assert [json.loads(one)["id"] for one in form.ask("saved").splitlines()] == [old["id"]]
        form.tap("Perbaiki")
        assert form.ask("value", label="Sisa makanan") == "1"
        assert form.ask("complaints") == []

    found = lines_with(read(served.broker, RECIPIENT_EVENTS), *(str(row["id"]) for row in rows))
    assert sorted(event["id"] for _, event in found) == sorted(str(row["id"]) for row in sent)
    for before, (_, event) in zip(
        rows[1:], sorted(found, key=lambda one: one[1]["deviceseq"]), strict=True
    ):
        assert epoch_ms(event["time"]) == int(str(before["time"])) - 29 * _DAY_MS
        assert "phonetime" not in event, "the clock was right all the time"
