"""The command beside a running installation: what it says, and what it refuses."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import httpx
import pytest

from chassis.datadir import DataDir
from tests.e2e.installation import PARTS, Installation, children, run, until


def test_the_ready_line_names_what_answers(installation: Installation) -> None:
    ready = installation.ready
    assert list(ready) == ["ready", "ingest", "wall", "clickhouse", "kafka", "tokens"]
    assert ready["ready"] is True
    port = installation.base_port
    assert [ready[name].partition("/#")[0].rpartition(":")[2] for name in list(ready)[1:5]] == [
        str(port + step) for step in range(4)
    ]
    for url in (ready["ingest"], installation.gateway):
        for path in ("healthz", "readyz", "metrics", "openapi.json"):
            assert httpx.get(f"{url}/{path}", timeout=30).status_code == 200, (url, path)
    assert httpx.get(f"{ready['clickhouse']}/ping", timeout=30).text.startswith("Ok")
    assert stat.S_IMODE(Path(ready["tokens"]).stat().st_mode) == 0o600
    assert set(installation.tokens()) == {"devices", "wall", "desk", "analyst", "kafka"}


@pytest.mark.usefixtures("day")
def test_nobody_else_can_read_what_any_part_has_made(installation: Installation) -> None:
    made = [installation.home, *installation.home.rglob("*")]
    folders = {path.relative_to(installation.home).parts[0] for path in made[1:]}
    assert folders >= {"kafka", "clickhouse", "logs", "run", "secrets"}
    assert [path for path in made if path.lstat().st_mode & 0o077 and not path.is_symlink()] == []


def test_each_part_is_a_process_and_none_shows_a_secret(installation: Installation) -> None:
    until(lambda: all(installation.pid_of(part) for part in PARTS), 60)
    home = DataDir(installation.home)
    secrets = [home.key().hex(), *home.clickhouse_accounts().values()]
    lines = " ".join(children(installation.pid).values())
    assert not any(secret in lines for secret in secrets)


def test_a_second_start_says_who_is_there(installation: Installation) -> None:
    answer = run("up", "--data-dir", str(installation.home))
    assert answer.returncode == 1
    assert f"another pantau runs on {installation.home} (pid {installation.pid})" in answer.stderr
    assert answer.stdout == ""


def test_a_port_in_use_is_named(installation: Installation, tmp_path: Path) -> None:
    port = installation.base_port
    answer = run("up", "--data-dir", str(tmp_path / "d"), "--base-port", str(port))
    assert answer.returncode == 1
    assert f"port {port} (ingest) is in use" in answer.stderr
    assert "--base-port" in answer.stderr and "Traceback" not in answer.stderr


def test_status_tells_each_part_and_stage(installation: Installation) -> None:
    until(lambda: installation.status()["fine"], 120, 1)
    told = installation.status()
    assert {one["service"]: one["state"] for one in told["services"]} == dict.fromkeys(
        PARTS, "siap"
    )
    assert {"unit.windows", "area.windows", "sink"} <= {row["stage"] for row in told["stages"]}
    assert run("status", "--data-dir", str(installation.home)).returncode == 0


def test_status_answers_though_a_part_does_not(installation: Installation) -> None:
    until(lambda: installation.status()["fine"], 120, 1)
    pid = installation.pid_of("sinks")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        answer = run("status", "--data-dir", str(installation.home))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert answer.returncode == 1 and "sinks" in answer.stdout
    assert "Traceback" not in answer.stderr
    until(lambda: installation.status()["fine"], 120, 1)


def test_a_token_can_be_made_void(installation: Installation) -> None:
    """Last of this file: by the commands, on ingest and gateway, within a minute."""
    device, token = next(reversed(installation.tokens()["devices"].items()))
    ingest = f"{installation.ready['ingest']}/v1/token"

    def status(held: str) -> int:
        headers = {"Authorization": f"Bearer {held}"}
        return httpx.post(ingest, headers=headers, timeout=30).status_code

    fresh = httpx.post(ingest, headers={"Authorization": f"Bearer {token}"}, timeout=30).json()
    assert status(fresh["token"]) == 200
    revoked = run("device", "revoke", device, "--data-dir", str(installation.home))
    assert revoked.returncode == 0, revoked.stderr
    until(lambda: status(token) == status(fresh["token"]) == 401, 60)
    again = run("device", "enrol", "--unit", device, "--data-dir", str(installation.home))
    assert status(again.stdout.strip()) == 200

    link = run("wall", "--data-dir", str(installation.home))
    page, code = link.stdout.strip().split("#code=")
    wall = httpx.post(f"{page}v1/login", json={"code": code}, timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {wall}"}

    def state() -> int:
        url = f"{page}v1/state?region=32.11"
        return httpx.get(url, headers=headers, timeout=30).status_code

    assert state() == 200
    id_ = link.stderr.rsplit(maxsplit=1)[-1]
    assert run("wall", "revoke", id_, "--data-dir", str(installation.home)).returncode == 0
    until(lambda: state() == 401, 60)
