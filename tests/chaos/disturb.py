"""`kill -9` and SIGSTOP of an installation's processes at random moments, and a second worker beside its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from chassis.datadir import DataDir
from pantau.installation import child_env, running_settings
from tests.e2e.installation import PARTS, Installation, environment, until

SECOND: Final = "second worker"
_SESSION_S: Final = 6.0
"""What the group waits for a silent member, of streams as of sinks."""
_BACK_S: Final = 90.0
_LOOK_S: Final = 0.5

Said = list[str]


class SecondWorker:
    """`python -m streams` as on another host: with a data dir of its own and the installation's key."""

    def __init__(self, installation: Installation, home: Path) -> None:
        settings = running_settings(installation.home)
        self._home = home
        self._env = child_env(settings, environment()) | {
            "PANTAU_DATA_DIR": str(home),
            "PANTAU_SECRET_KEY": DataDir(installation.home).key().hex(),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of its process, while that runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def keep(self, stop: threading.Event) -> None:
        """Start it, and again whenever it ends, as its host does; end it, frozen or not, when told to stop."""
        self._home.mkdir()
        while not stop.is_set():
            with (self._home / "streams.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "streams"], env=self._env, stdout=log, stderr=log
                )
            while self._process.poll() is None and not stop.wait(_LOOK_S):
                pass
            self._process.kill()
            self._process.wait(30)


@contextmanager
def second_worker(installation: Installation, home: Path) -> Iterator[SecondWorker]:
    """A second worker that is kept running; it is gone at the end."""
    worker, stop = SecondWorker(installation, home), threading.Event()
    keeper = threading.Thread(target=worker.keep, args=(stop,))
    keeper.start()
    try:
        yield worker
    finally:
        stop.set()
        keeper.join()


class Disturber:
    """Does the worst to parts of `installation`. `said`: what it did and when, for whoever looks at a failure."""

    def __init__(self, installation: Installation, second: SecondWorker, chance: Random) -> None:
        self._installation = installation
        self._second = second
        self._chance = chance
        self._began = time.monotonic()
        self._frozen: set[int] = set()
        self.said: Said = []

    def _say(self, what: str) -> None:
        self.said.append(f"{time.monotonic() - self._began:.1f} s: {what}")

    def pid(self, part: str) -> int | None:
        """Of the part's process now; None while there is none."""
        return self._second.pid if part == SECOND else self._installation.pid_of(part)

    async def kill(self, part: str) -> None:
        """`kill -9`; its keeper starts it again."""
        pid = self.pid(part)
        if pid is not None:
            self._say(f"kill -9 {part} ({pid})")
            os.kill(pid, signal.SIGKILL)

    async def freeze(self, part: str) -> None:
        """SIGSTOP for longer than its session, then SIGCONT."""
        pid = self.pid(part)
        if pid is None:
            return
        seconds = _SESSION_S + self._chance.uniform(2.0, 5.0)
        self._say(f"SIGSTOP {part} ({pid}) for {seconds:.1f} s")
        self._frozen.add(pid)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._thaw(pid)

    def _thaw(self, pid: int) -> None:
        self._frozen.discard(pid)
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGCONT)

    async def run(self, seconds: float) -> None:
        """Kill each part and both workers, freeze a worker or two, in any order, spread over `seconds`; then go on at random."""
        chance = self._chance
        plan = [(self.kill, part) for part in (*PARTS, SECOND)]
        plan += [(self.freeze, "streams"), (self.freeze, SECOND)]
        chance.shuffle(plan)
        pause = seconds / (len(plan) + 1)
        deadline = time.monotonic() + seconds
        under_way: set[asyncio.Task[None]] = set()
        while plan or time.monotonic() < deadline:
            await asyncio.sleep(chance.uniform(0.3, 1.7) * pause)
            act, part = plan.pop() if plan else (self.kill, chance.choice((*PARTS, SECOND)))
            # Not waited for: while one is frozen others die.
            under_way.add(asyncio.create_task(act(part)))
        await asyncio.gather(*under_way)

    async def all_back(self) -> None:
        """Wait until every part runs again."""
        await asyncio.to_thread(
            until, lambda: all(self.pid(part) for part in (*PARTS, SECOND)), _BACK_S
        )
