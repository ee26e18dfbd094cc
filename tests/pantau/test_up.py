"""`pantau up` for real: one ready line, the parts it names, a killed part comes back, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.datadir import DataDir
from pantau.broker import pick_port
from pantau.installation import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.slow]

PARTS = ("ingest", "streams", "sinks", "clickhouse", "gateway", "kafka")


def pantau(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pantau", *arguments]


def environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PANTAU_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def children(pid: int) -> dict[int, str]:
    """Pid -> command line of the children of `pid`."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and line:
            found[int(folder.name)] = line
    return found


def pid_of(part: str, pid: int) -> int | None:
    """The process among the supervisor's whose program is `part`."""
    lines = {one: line.split(" --data-dir")[0] for one, line in children(pid).items()}
    found = [one for one, line in lines.items() if part in line and "pantau.leash" not in line]
    return found[0] if len(found) == 1 else None


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, Path]]:
    """(process, ready line, data dir) of an installation on the demo clock."""
    home = tmp_path_factory.mktemp("up") / "d"
    port = str(pick_port())
    command = pantau(
        "up", "--clock", "demo", "--dev-tokens", "--data-dir", str(home), "--base-port", port
    )
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield process, json.loads(line), home
        finally:
            process.terminate()
            rest, _ = process.communicate(timeout=60)
    assert rest == "", "stdout carries the ready line only"


@pytest.mark.timeout(600)
def test_an_installation_lives_and_dies(installation: tuple[Any, Any, Path]) -> None:
    process, ready, home = installation

    assert list(ready) == ["ready", "ingest", "wall", "clickhouse", "kafka", "tokens"]
    assert ready["ready"] is True
    for url in (ready["ingest"], ready["wall"].split("/#")[0]):
        assert httpx.get(f"{url}/readyz", timeout=10).status_code == 200
    assert httpx.get(f"{ready['clickhouse']}/ping", timeout=10).text.startswith("Ok")
    tokens = Path(ready["tokens"])
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    assert set(json.loads(tokens.read_bytes())) == {"devices", "wall", "analyst"}

    parts = {part: pid_of(part, process.pid) for part in PARTS}
    assert None not in parts.values(), "each part is a process whose command line holds its name"
    secrets = [DataDir(home).key().hex(), *DataDir(home).clickhouse_accounts().values()]
    lines = " ".join(children(process.pid).values())
    assert not any(secret in lines for secret in secrets)

    answer = subprocess.run(
        pantau("up", "--clock", "demo", "--data-dir", str(home)),
        capture_output=True, text=True, env=environment(), check=False, timeout=60,
    )  # fmt: skip
    assert answer.returncode == 1
    assert f"another pantau runs on {home} (pid {process.pid})" in answer.stderr

    os.kill(parts["gateway"] or 0, signal.SIGKILL)
    until(lambda: pid_of("gateway", process.pid) not in (None, parts["gateway"]), 30)
    until(lambda: status(home)["fine"], 120)
    assert {row["stage"] for row in status(home)["stages"]} >= {"unit.windows", "sink"}

    ours = children(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert all(gone(pid) for pid in ours)


def status(home: Path) -> Any:
    answer = subprocess.run(
        pantau("status", "--json", "--data-dir", str(home)),
        capture_output=True, text=True, env=environment(), check=False, timeout=30,
    )  # fmt: skip
    return json.loads(answer.stdout)
