"""Every service starts, fails and stops in the same way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_SERVICES: Final = {
    "ingest": ("producers.ingest",),
    "streams": ("streams",),
    "sinks": ("sinks",),
    "notices": ("notices",),
    "gateway": ("dashboard_ws.gateway",),
    "simulator": ("producers.simulator",),
    "migrate": ("storage.migrate",),
    "clickhouse": ("engines.clickhouse", "--data-dir", "data", "--port", "0"),
}


def _run(code: str, tmp_path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stderr=subprocess.PIPE,
    )


def _lines(stderr: bytes | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (stderr or b"").splitlines()]


@pytest.mark.parametrize("name", _SERVICES)
def test_a_wrong_setting_is_one_line_that_does_not_repeat_it(name: str, tmp_path: Path) -> None:
    module, *arguments = _SERVICES[name]
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(_ROOT), "PANTAU_PARTITIONS": "3201010101900001"},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = _lines(done.stderr)
    assert (line["service"], line["level"]) == (name, "critical")
    assert "PANTAU_PARTITIONS is wrong" in line["reason"]
    assert b"3201010101900001" not in done.stderr


@pytest.mark.parametrize(
    ("body", "code", "event"),
    [
        ("pass", 0, None),
        ("return 7", 7, None),
        ("raise OperatorError('no key: make one')", 1, "cannot go on"),
        ("raise TimeoutError('no broker')", 1, "cannot go on"),
        ("raise ValueError('a bug')", 1, "failed"),
    ],
)
def test_how_the_work_ends_is_the_exit_code(
    body: str, code: int, event: str | None, tmp_path: Path
) -> None:
    process = _run(
        f"""
from chassis import service
from chassis.operator_error import OperatorError
def work(of):
    {body}
service.run("some", work)
""",
        tmp_path,
    )
    lines = _lines(process.communicate(timeout=60)[1])
    assert process.returncode == code
    assert [line["event"] for line in lines] == ([event] if event else [])


@pytest.mark.parametrize(("heeds", "code"), [("", 0), ("of.on_stop(stop.set)", 5)])
def test_a_signal_ends_it_unless_the_work_heeds_it(heeds: str, code: int, tmp_path: Path) -> None:
    process = _run(
        f"""
import threading
from pathlib import Path
from chassis import service
def work(of):
    stop = threading.Event()
    {heeds}
    Path("there").touch()
    stop.wait()
    return 5
service.run("some", work)
""",
        tmp_path,
    )
    while not (tmp_path / "there").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == code
