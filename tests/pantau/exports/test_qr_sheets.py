"""Sheets of codes: each place once, with its name, and a code that says its link."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
import segno
from typer.testing import CliRunner

from chassis.datadir import DataDir
from chassis.regions.region_folder import load_region
from contracts.time.clock import real_now_ms
from contracts.tokens import verify
from pantau.cli import build
from pantau.paper import qr_sheets
from pantau.paper.qr_sheets import QrCard
from tests.pantau.exports.paper import pages_of

_DOTS_A_MM = 8


def card(number: int) -> QrCard:
    return QrCard(f"https://lapor.example/#daftar=p1.{'x' * 180}.{number}", f"SD Negeri {number}", (f"npsn:{number}",))  # fmt: skip


def modules(pdf: bytes, page: int, card_at: int, size: int) -> list[list[bool]]:
    """The code of one card as a camera would see it: whether the middle of each module is dark."""
    with pypdfium2.PdfDocument(pdf) as document:
        image = document[page].render(scale=_DOTS_A_MM * 25.4 / 72).to_pil().convert("L")
    row, column = divmod(card_at, 2)
    left = 8 + column * 97 + 2
    top = 8 + row * 281 / 4 + (281 / 4 - 44) / 2
    step = 44 / size
    return [
        [
            image.getpixel((round((left + (x + 0.5) * step) * _DOTS_A_MM), round((top + (y + 0.5) * step) * _DOTS_A_MM))) < 128
            for x in range(size)
        ]
        for y in range(size)
    ]  # fmt: skip


def test_eight_a_page_each_once_and_every_code_is_its_link() -> None:
    cards = [card(100 + number) for number in range(11)]
    pdf = qr_sheets.qr_sheets("Kode", cards)
    pages = pages_of(pdf)
    assert len(pages) == 2
    text = "\n".join(page.text for page in pages)
    for one in cards:
        assert text.count(one.lines[0]) == text.count(one.name) == 1
    for number in (0, 7, 10):
        wanted = [
            [bool(dark) for dark in row]
            for row in segno.make(cards[number].link, error="m").matrix_iter(border=4)
        ]
        assert modules(pdf, *divmod(number, 8), len(wanted)) == wanted


def test_a_long_name_stays_on_its_card() -> None:
    long = card(1)._replace(name="Madrasah Tsanawiyah Negeri Persiapan Kecamatan Jatinangor Kabupaten Sumedang Kelas Jauh 2")  # fmt: skip
    assert len(pages_of(qr_sheets.qr_sheets("Kode", [long] * 8))) == 1


def test_the_command_writes_a_code_for_every_active_recipient_of_the_kecamatan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[QrCard] = []
    draw = qr_sheets.qr_sheets

    def noted(title: str, cards: list[QrCard]) -> bytes:
        drawn.extend(cards)
        return draw(title, cards)

    monkeypatch.setattr(qr_sheets, "qr_sheets", noted)
    home, out = DataDir(tmp_path), tmp_path / "codes.pdf"
    home.create_key()
    region = load_region(Path("regions/32.11"))
    code = region.region.kecamatan[0].code
    command = ["device", "sheet", "--kecamatan", code, "-o", str(out), "--data-dir", str(tmp_path)]
    found = CliRunner().invoke(build(), [*command, "--valid-days", "14"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    wanted = {
        one.recipient_id
        for one in region.recipients
        if one.kecamatan == code and one.status == "active"
    }
    now_s = real_now_ms() / 1000
    claims = [verify(home.key(), one.link.split("#daftar=")[1], now_s, "enrol") for one in drawn]
    assert {one.sub for one in claims} == wanted and len(claims) == len(wanted) > 8
    assert all(one.exp and 13 < (one.exp - now_s) / 86_400 <= 14 for one in claims)
    assert len(pages_of(out.read_bytes())) == -(-len(wanted) // 8)
    drawn.clear()
    links = CliRunner().invoke(build(), [*command, "--link"], catch_exceptions=False)
    assert links.exit_code == 0 and "many phones" in links.output
    now_s = real_now_ms() / 1000
    claims = [verify(home.key(), one.link.split("#daftar=")[1], now_s, "link") for one in drawn]
    assert {one.sub for one in claims} == wanted
    assert all(one.exp and 179 < (one.exp - now_s) / 86_400 <= 180 for one in claims)
    long = CliRunner().invoke(build(), [*command, "--valid-days", "31"])
    assert "at most 30 days" in str(long.exception)
    none = CliRunner().invoke(build(), [*command[:3], "32.11.99", *command[4:]])
    assert none.exit_code != 0


def test_no_other_command_waits_for_the_libraries_of_paper() -> None:
    asked = "import sys; from pantau.cli import build; build(); print({'fpdf', 'PIL', 'pypdfium2'} & {*sys.modules})"
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"
