"""How every service runs: settings, logs, clock, key, health, signals, one-line errors and exit codes."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from functools import cached_property
from types import FrameType
from typing import Final, NoReturn

from chassis import logs
from chassis.clocks import load_clock, secret_key
from chassis.datadir import keep_private
from chassis.health import Health
from chassis.operator_error import OperatorError
from chassis.settings import Settings, load_settings
from contracts.results.generations import service_name
from contracts.time.clock import Clock

FAILED: Final = 1
"""Exit code of a service that could not go on: its supervisor starts it again."""
_GC_THRESHOLDS: Final = (50_000, 20, 100)
"""A service holds its objects for weeks, a worker of the streams millions, and with Python's thresholds (700, 10, 10) the collector
walks through them again and again: 2.1 of 7.2 s of restoring a million events, 0.8 of 5.2 s with these. Cycles are still
collected, some seconds later."""


class Service:
    """What the work of one service is given.

    `name` stands in its logs; `health.service` names its run file, and differs for one that rebuilds a generation.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.health = Health(service_name(name, settings.generation))

    @cached_property
    def clock(self) -> Clock:
        """The region's clock. Raises `DataDirError`."""
        return load_clock(self.settings)

    @cached_property
    def key(self) -> bytes:
        """The installation's key. Raises `DataDirError`."""
        return secret_key(self.settings)

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Call `stop` at SIGTERM and SIGINT from now on, instead of ending the process at once."""

        def handler(_number: int, _frame: FrameType | None) -> None:
            stop()

        _set_handler(handler)


def run(name: str, work: Callable[[Service], int | None]) -> NoReturn:
    """Run `work`, then exit with the code that it returns (None: 0).

    A signal before `work` handles it itself ends the process with 0. An `OperatorError` and a time-out are one line
    in the log and code 1; so is a wrong setting. Any other exception is logged with its traceback, and code 1.
    """
    keep_private()
    _set_handler(_end)
    gc.set_threshold(*_GC_THRESHOLDS)
    # Until the settings are read: whatever goes wrong with them must be a log line too.
    logs.configure(name, "info")
    log = logs.get(name)
    try:
        settings = load_settings()
        logs.configure(name, settings.log_level)
        code = work(Service(name, settings)) or 0
    except (OperatorError, TimeoutError) as error:
        log.critical("cannot go on", reason=str(error))
        code = FAILED
    except Exception:
        log.critical("failed", exc_info=True)
        code = FAILED
    sys.exit(code)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _set_handler(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)
