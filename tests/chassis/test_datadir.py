"""A file lock keeps two processes apart, and ends with the process that has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Final

from chassis.datadir import FileLock
from tests.house.product import ROOT

_OWNER: Final = """
import pathlib, sys
from chassis.datadir import FileLock
lock = FileLock(pathlib.Path(sys.argv[1]))
taken = lock.take()
lock.write_owner()
print(taken, flush=True)
sys.stdin.read()
"""


def test_two_processes_exclude_each_other_until_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _OWNER, str(path)]
    with (
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        ) as process,
        FileLock(path) as lock,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        assert not lock.take()
        assert lock.owner() == str(process.pid)
        waiting = Thread(target=lock.wait)
        waiting.start()
        process.kill()
        waiting.join(30)
        assert not waiting.is_alive()
        lock.write_owner()
        with FileLock(path) as other:
            assert not other.take()
            assert other.owner() == str(os.getpid())
    with FileLock(path) as other:
        assert other.take()


def test_a_lock_that_nobody_has_written_to_has_no_known_owner(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as lock:
        assert lock.take()
        assert lock.owner() == "unknown"
