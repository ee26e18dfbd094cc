"""What the commands print, and the tokens they make."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from chassis.datadir import DataDir
from chassis.desk_accounts import DeskAccounts
from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_region
from chassis.settings import Settings
from contracts.receipts import ReceiptState, RecentReceipt
from contracts.registry.entities import Kecamatan, Region, RegionRegistry, Registry, Unit
from contracts.time.clock import real_now_ms
from contracts.time.days import iso_to_day
from contracts.tokens import verify
from pantau import dev_tokens, installation
from pantau.cli import build
from pantau.commands.operate.list_settings import describe
from pantau.commands.operate.status import as_json, render
from pantau.status.receipt_summary import receipts_line
from pantau.status.stages import (
    InstallationStatus,
    LetterSummary,
    Live,
    PartHealth,
    collect,
    stages,
)
from pantau.up.bring_up import announcement, ready_line
from pantau.up.plan import UpOptions, plan
from tests.ports import pick_port

REGION = Region(
    code="32.11",
    name="Sumedang",
    province="Jawa Barat",
    timezone="Asia/Jakarta",
    service_weekdays=(1, 2, 3, 4, 5, 6),
    holidays=(iso_to_day("2026-11-24"),),
    kecamatan=(Kecamatan("32.11.01", "Wado"),),
)
REGISTRY = Registry([RegionRegistry(REGION, (), ())])


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PANTAU_"):
            monkeypatch.delenv(name)


# --- the plan -------------------------------------------------------------------------------------


def test_dev_tokens_are_what_the_contract_says(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.create_key()
    home.create_clickhouse_accounts()
    path = Path(dev_tokens.write_dev_tokens(home, home.key(), ["b", "a"]))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    held: dict[str, Any] = json.loads(path.read_bytes())
    assert set(held) == {"devices", "wall", "desk", "analyst", "kafka"}
    now = real_now_ms() / 1000
    claims = verify(home.key(), held["devices"]["a"], now, "device")
    assert claims.sub == "a" and claims.exp is not None
    assert claims.exp - now > 179 * 86_400
    assert verify(home.key(), held["wall"], now, "wall").regions == ()
    accounts = DeskAccounts(home)
    for role, person in held["desk"].items():
        assert accounts.role_of(person["user"], person["password"]) == role
    assert set(held["desk"]) == {"desk", "health", "admin"}
    assert held["analyst"] == {"user": "analyst", "password": home.clickhouse_accounts()["analyst"]}


def test_the_ready_line(tmp_path: Path) -> None:
    planned = plan(UpOptions(data_dir=tmp_path, base_port=9000, host="0.0.0.0"))
    key = b"k" * 32
    wall = dev_tokens.wall_url(planned.url(planned.settings.gateway_port), key, "wall-1")
    line = ready_line(planned, wall, None)
    assert list(line) == ["ready", "ingest", "wall", "clickhouse", "kafka", "tokens"]
    assert line["ingest"] == "http://127.0.0.1:9000"
    assert line["clickhouse"] == "http://127.0.0.1:9002"
    assert line["kafka"] == "127.0.0.1:9003"
    page, code = line["wall"].split("#code=")
    assert page == "http://127.0.0.1:9001/"
    now = real_now_ms() / 1000
    exp = verify(key, code, now, "code").exp
    assert exp is not None
    assert 590 <= exp - now <= 600


def test_up_names_each_page_and_a_command_that_runs(tmp_path: Path) -> None:
    planned = plan(UpOptions(data_dir=tmp_path, base_port=9000))
    text = announcement(planned, "http://127.0.0.1:9001/#code=x", "tokens.json")
    for page in ("9001/#code=x", "9001/desk", "9000/"):
        assert f"http://127.0.0.1:{page}\n" in text
    assert "tokens.json\n" in text
    assert "sandi" not in announcement(planned, "wall", None)
    program = re.findall(r"^Keadaan: (\S+) status --data-dir (\S+)$", text, re.MULTILINE)
    assert [(Path(name).is_file(), folder) for name, folder in program] == [(True, str(tmp_path))]


def test_settings_are_described_from_their_source() -> None:
    text = describe()
    for name in Settings.model_fields:
        assert f"PANTAU_{name.upper()}=" in text
    assert "One of real, demo." in text


def test_help_teaches() -> None:
    run = CliRunner()
    for command in (["up"], ["status"], ["device", "enrol"], ["settings"]):
        answer = run.invoke(build(), [*command, "--help"])
        assert answer.exit_code == 0
        assert "Example" in answer.output


# --- status ---------------------------------------------------------------------------------------


def a_status() -> InstallationStatus:
    position = {
        "stream": "unit.windows",
        "topic": "sppg.events",
        "partition": 0,
        "position": "40",
        "watermark": "2026-11-24 03:00:00.000",
        "time": "2026-11-24 03:02:00.000",
    }
    ends = {("sppg.events", 0): 42, ("unit.windows", 0): 7}
    return InstallationStatus(
        services=[PartHealth("ingest", "siap"), PartHealth("streams", "mati", "no answer")],
        stages=stages([position], {("unit.windows", 0): 7}, ends),
        live=[Live("32.11", "e1", 12, "2026-11-24T03:02:00Z")],
        letters=LetterSummary(2003, 2001, 1500, {"nik": 500, "not_json": 1000}, ["SPPG-1"], 3),
        last_write={"tables": 0.0},
        troubles=[],
    )


def test_status_works_out_lags_and_shows_what_is_not_known() -> None:
    rows = {(row.stage, row.topic): row for row in a_status().stages}
    assert rows["unit.windows", "sppg.events"].lag == 2
    assert rows["sink", "unit.windows"].lag == 0
    assert rows["sink", "sppg.events"].lag is None
    body = json.loads(as_json(a_status()))
    assert body["fine"] is False
    assert body["stages"][0]["lag"] == 2
    assert body["dead_letters"] == 2003
    text = render(a_status())
    assert "streams  mati" in text
    assert (
        "Surat mati: 2003 (terbuka 2001, sejam terakhir 1500)\n  not_json: 1000\n  nik: 500" in text
    )
    assert "! banjir surat mati, terbanyak dari SPPG-1" in text
    assert "! sink menyisihkan 3 baris" in text


def test_status_says_where_receipts_wait() -> None:
    there = ReceiptState(stored=True, windows=True, clickhouse=True, walls=1)
    windows, nowhere = (
        msgspec.structs.replace(there, windows=windows, clickhouse=False)
        for windows in (True, False)
    )
    assert receipts_line([]) == "Tanda terima: belum ada"
    assert receipts_line([there] * 20) == "20 tanda terima terakhir: semua di ClickHouse"
    assert receipts_line([there, windows, nowhere, nowhere, None]) == (
        "5 tanda terima terakhir: 2 menunggu jendela, 1 menunggu ClickHouse, 1 belum diketahui"
    )
    recent = [RecentReceipt("SPPG-3211-0001", 0, one) for one in (there, windows)]
    status = msgspec.structs.replace(a_status(), receipts=recent)
    assert "2 tanda terima terakhir: 1 menunggu ClickHouse" in render(status)
    assert json.loads(as_json(status))["receipts"][0]["state"]["clickhouse"] is True


def test_status_answers_while_nothing_runs(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.create_key()
    port = pick_port()
    settings = Settings(
        data_dir=tmp_path, broker=f"127.0.0.1:{port}", clickhouse_url=f"http://127.0.0.1:{port}"
    )
    found = asyncio.run(collect(settings))
    assert not found.fine
    assert {one.split(":")[0] for one in found.troubles} >= {"generations", "kafka"}


def test_enrol_checks_the_unit_and_prints_only_the_token(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.create_key()
    run = CliRunner()
    unit = first_unit()
    good = run.invoke(
        build(), ["device", "enrol", "--unit", unit.unit_id, "--data-dir", str(tmp_path)]
    )
    assert good.exit_code == 0
    token = good.stdout.strip()
    assert verify(home.key(), token, real_now_ms() / 1000, "device").sub == unit.unit_id
    assert f"/32.11/{unit.kind}/{unit.unit_id}" in good.stderr
    bad = run.invoke(build(), ["device", "enrol", "--unit", "SPPG-X", "--data-dir", str(tmp_path)])
    assert isinstance(bad.exception, OperatorError)
    assert "units.csv" in str(bad.exception)


def first_unit() -> Unit:
    return load_region(installation.ROOT / "regions" / "32.11").units[0]


def test_a_link_is_for_recipients_alone_and_alone_on_stdout(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.create_key()
    recipient = load_region(installation.ROOT / "regions" / "32.11").recipients[0].recipient_id
    command = ["device", "link", "--data-dir", str(tmp_path), "--valid-days", "3", "--unit"]
    good = CliRunner().invoke(build(), [*command, recipient])
    assert good.exit_code == 0
    code = good.stdout.strip().split("#daftar=")[1]
    claims = verify(home.key(), code, real_now_ms() / 1000, "link")
    assert claims.sub == recipient
    assert claims.exp and 2 < (claims.exp - real_now_ms() / 1000) / 86_400 <= 3
    bad = CliRunner().invoke(build(), [*command, first_unit().unit_id])
    assert isinstance(bad.exception, OperatorError)


def test_enrol_takes_a_recipient_too(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.create_key()
    recipient = load_region(installation.ROOT / "regions" / "32.11").recipients[0].recipient_id
    command = ["device", "enrol", "--unit", recipient, "--data-dir", str(tmp_path)]
    good = CliRunner().invoke(build(), command)
    assert good.exit_code == 0
    token = good.stdout.strip()
    assert verify(home.key(), token, real_now_ms() / 1000, "device").sub == recipient
    assert f"/32.11/recipient/{recipient}" in good.stderr
