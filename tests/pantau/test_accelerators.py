"""Every compiled part that a library takes where it finds it is locked, in use, and missed aloud."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from pantau.cli import build
from pantau.status.accelerators import accelerators

_RUNTIME = (Path(__file__).parents[2] / "requirements" / "runtime.txt").read_text()

_WITHOUT = """
import os, sys
os.environ |= {"AIOKAFKA_NO_EXTENSIONS": "1", "NO_CYTHON": "1", "AIOHTTP_NO_EXTENSIONS": "1"}
for name in %r:
    sys.modules[name] = None
sys.argv = ["pantau", "status", "--versions", "--json"]
from pantau.cli import main
main()
"""
_OPTIONAL = (
    "crc32c",
    "snappy",
    "zstandard",
    "lz4",
    "cramjam",
    "orjson",
    "uvloop",
    "httptools",
    "websockets.speedups",
)


def test_each_is_in_use_and_locked() -> None:
    found = accelerators()
    assert [one for one in found if not one.in_use] == []
    assert [one for one in found if f"{one.package}=={one.version} " not in _RUNTIME] == []


def test_the_command_shows_them() -> None:
    shown = CliRunner().invoke(build(), ["status", "--versions"])
    assert shown.exit_code == 0
    assert "crc32c" in shown.stdout and "LAMBAT" not in shown.stdout


def test_a_slow_path_is_named() -> None:
    slow = subprocess.run(
        [sys.executable, "-c", _WITHOUT % (_OPTIONAL,)], capture_output=True, timeout=120
    )
    assert slow.returncode == 1, slow.stderr.decode()
    answer = msgspec.json.decode(slow.stdout)
    assert answer["fine"] is False
    # These two have no other way than their compiled one, or cannot be made to take it.
    fast = {one["user"] for one in answer["accelerators"] if one["in_use"]}
    assert fast == {"msgspec", "clickhouse-connect"}
    assert b"LAMBAT" in slow.stderr
