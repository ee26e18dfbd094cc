"""`kill -9` of each part in turn while kitchens post: nothing accepted is lost, nothing counts twice."""

from __future__ import annotations

import os
import signal
import threading
import time

from tests.e2e.day import Day, Kitchen, now
from tests.e2e.installation import PARTS, Installation, until
from tests.e2e.rows import until_exact


class Posting:
    """A device that posts a reading at a time until it is told to stop; it asks again until it has a 202."""

    def __init__(self, installation: Installation, unit: str) -> None:
        self._installation = installation
        self._kitchen = Kitchen(unit, now(), seed=99)
        self._kitchen.skip(1000)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Posting:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(180)
        assert not self._thread.is_alive() and self._failure is None, self._failure

    def _run(self) -> None:
        number = 0
        try:
            while not self._stop.is_set():
                number += 1
                share = 0.02 + number % 90 / 100
                reading = {"point": "chiller", "temp_c": number % 9}
                event = self._kitchen.event("sppg.temperature.measured", share, reading)
                self._installation.post(self._kitchen.unit, [event])
                time.sleep(0.05)
        except AssertionError as failure:
            self._failure = failure


def kill_and_wait(installation: Installation, part: str) -> None:
    """Kill the part; return when another runs in its place and the device has got some more events through."""
    pid = installation.pid_of(part)
    assert pid is not None, f"{part} is a process whose command line holds its name"
    os.kill(pid, signal.SIGKILL)
    until(lambda: installation.pid_of(part) not in (None, pid), 60)
    sent = len(installation.accepted)
    until(lambda: len(installation.accepted) > sent + 5, 120)


def test_no_kill_loses_or_doubles_anything(installation: Installation, day: Day) -> None:
    with Posting(installation, day.kitchens[0]):
        for part in PARTS:
            kill_and_wait(installation, part)
    until(lambda: installation.status()["fine"], 180, 1)
    until_exact(installation, day.began, 240)
