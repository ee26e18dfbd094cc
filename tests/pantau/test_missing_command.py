"""`pantau missing`: what it prints, and that it is sent to the person who looks after a kecamatan."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from chassis.regions.people_file import PEOPLE_COLUMNS
from contracts.time.instant import epoch_ms
from pantau.cli import build
from pantau.commands.operate import missing
from storage import clickhouse_client
from tests.house.product import ROOT
from tests.notices.receiver import Receiver, receiver

NOON: Final = epoch_ms("2026-11-24T05:30:00Z")
CIMALAKA: Final = "32.11.22"
PEOPLE: Final = f"""{",".join(PEOPLE_COLUMNS)}
korcam-1,Contoh,desk,,siaga,{CIMALAKA},1,webhook,,,,desk
"""


class NothingReported:
    """ClickHouse where no event of the day has come in."""

    def query(self, sql: str, parameters: dict[str, Any]) -> Any:
        assert parameters["region"] == "32.11"
        return SimpleNamespace(result_rows=[[0]] if "max(received_at)" in sql else [])


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Receiver) -> Path:
    regions, home = tmp_path / "regions", DataDir(tmp_path / "data")
    shutil.copytree(ROOT / "regions" / "32.11", regions / "32.11")
    (regions / "32.11" / "people.csv").write_text(PEOPLE)
    home.path.mkdir()
    (home.path / "notices.yaml").write_text(
        f"webhooks:\n  desk: {{url: {place.url}/in, secret_file: hook.secret}}\n"
    )
    secret = home.path / "hook.secret"
    secret.write_text("a secret of enough bytes, for tests")
    secret.chmod(0o600)
    monkeypatch.setenv("PANTAU_REGIONS_DIR", str(regions))
    monkeypatch.setenv("PANTAU_REGIONS", "32.11")
    monkeypatch.setattr(missing, "load_clock", lambda _: SimpleNamespace(now_ms=lambda: NOON))
    monkeypatch.setattr(clickhouse_client, "open_analyst", lambda _: NothingReported())
    return home.path


def run(home: Path, *options: str) -> Result:
    command = ["missing", *options, "--data-dir", str(home)]
    return CliRunner().invoke(build(), command)


def test_a_persons_kecamatan_is_sent_to_it(home: Path, place: Receiver) -> None:
    printed = run(home, "--kecamatan", CIMALAKA).stdout
    sent = run(home, "--person", "korcam-1")
    assert (sent.exit_code, sent.stdout) == (0, "korcam-1 webhook: delivered\n")
    body = json.loads(place.requests[0].body)
    assert body["text"] == printed.rstrip("\n")
    assert body["text"].count("\n- ") > 10 and "*Kec. Cimalaka*" in body["text"]
    assert body["title"] == "Belum melapor, Sumedang, Selasa 24/11/2026 pukul 12.30"
    assert body["id"] == place.requests[0].id


def test_nothing_is_sent_where_nobody_has_to_report(home: Path, place: Receiver) -> None:
    sunday = run(home, "--person", "korcam-1", "--day", "2026-11-22")
    assert sunday.exit_code == 0 and "nothing is sent" in sunday.stdout
    assert place.requests == []


def test_what_was_not_taken_is_an_exit_code(home: Path, place: Receiver) -> None:
    place.answers.append((400, {}, b""))
    answer = run(home, "--person", "korcam-1")
    assert answer.exit_code == 1 and "400" in answer.stdout


def test_a_trial_goes_the_same_way(home: Path, place: Receiver) -> None:
    command = ["notices", "test", "--person", "korcam-1", "--data-dir", str(home)]
    answer = CliRunner().invoke(build(), command)
    assert (answer.exit_code, answer.stdout) == (0, "webhook: delivered\n")
    assert place.requests[0].id.startswith("test-")


@pytest.mark.parametrize(
    "options",
    [
        ("--person", "nobody"),
        ("--person", "korcam-1", "--json"),
        ("--by", "12:31"),
        ("--day", "2026-11-25"),
        ("--kecamatan", "32.11.99"),
        ("--region", "99.99"),
    ],
)
def test_what_cannot_be_asked_is_said(home: Path, options: tuple[str, ...]) -> None:
    assert isinstance(run(home, *options).exception, OperatorError)


def test_json_names_the_moment_asked_about(home: Path) -> None:
    found = json.loads(run(home, "--json", "--by", "08:00").stdout)
    assert (found["by"], found["data_until"]) == ("08:00", None)
    assert found["due"] == len(found["missing"]) > 0
    assert all(one["meal_time"] <= "08:00" for one in found["missing"])
    whole = json.loads(run(home, "--json", "--day", "2026-11-23").stdout)
    assert whole["by"] is None and whole["due"] > found["due"]
