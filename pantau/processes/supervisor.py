"""Starts the parts as processes of their own, starts again what dies, and leaves nothing running.

Each part leads a process group of its own (Ctrl-C in the terminal reaches only the supervisor) and hangs on a leash
(`pantau.processes.leash`):
if the supervisor is killed, the kernel kills the parts. Must run in the main thread: the leash is tied to the thread that starts them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from chassis.operator_error import OperatorError
from pantau.processes.child_log import ChildLog
from pantau.processes.probes import NOT_RUNNING, Answer, Probe
from pantau.processes.restarts import Restarts

_POLL_S: Final = 0.25
_WATCH_S: Final = 10.0
_HUNG_S: Final = 60.0
"""A part that was ready and answers nothing for this long hangs: it is killed and started again."""
_PROBE_S: Final = 2.0
_ENDED_S: Final = 2.0
_ENDED_POLL_S: Final = 0.02

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `argv`, `env`: its process; `start_s`: it must be ready within; `stop_s`: it may take to stop."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: ChildLog
    probe: Probe
    start_s: float = 90.0
    stop_s: float = 10.0


class PartFailed(OperatorError):
    """A part cannot be brought up. The message names its log file."""


@dataclass(slots=True)
class _Run:
    """A part and what is known of its process."""

    part: Part
    restarts: Restarts = field(default_factory=Restarts)
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Answer = NOT_RUNNING
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


def _seconds(value: float) -> str:
    return f"{value:.1f} s".replace(".", ",")


async def _group_ended(process: asyncio.subprocess.Process | None) -> None:
    """Kill what is left of the part's group and wait until it has ended, at most `_ENDED_S`."""
    deadline = time.monotonic() + _ENDED_S
    while process is not None and time.monotonic() < deadline:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        await asyncio.sleep(_ENDED_POLL_S)


def _signal_group(process: asyncio.subprocess.Process | None, number: signal.Signals) -> None:
    """To the part and whatever it started. A group that has ended is fine."""
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


class Supervisor:
    """Starts, watches and stops parts. `say` takes lines for the operator."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._runs: list[_Run] = []
        self._failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def answers(self) -> dict[str, Answer]:
        """The last answer of each part, by name."""
        return {run.part.name: run.answer for run in self._runs}

    async def failed(self) -> str:
        """Returns when a part has given up: why."""
        return await asyncio.shield(self._failed)

    async def start(self, *parts: Part) -> None:
        """Start `parts` at once and return when all are ready. Raises `PartFailed`."""
        runs = [_Run(part) for part in parts]
        self._runs.extend(runs)
        for run in runs:
            # Two tasks a part: the one waits for its end, the other asks it and reads its log.
            run.tasks = [
                asyncio.create_task(self._keep_running(run)),
                asyncio.create_task(self._watch(run)),
            ]
            for task in run.tasks:
                task.add_done_callback(self._ended)
        await asyncio.gather(*(self._until_ready(run) for run in runs))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task that fell over leaves a part unwatched: give up, loudly."""
        if not task.cancelled() and (error := task.exception()) and not self._failed.done():
            self._failed.set_exception(error)

    async def _until_ready(self, run: _Run) -> None:
        ready = asyncio.ensure_future(run.ready.wait())
        failed = asyncio.ensure_future(self.failed())
        try:
            await asyncio.wait(
                {ready, failed}, timeout=run.part.start_s, return_when=asyncio.FIRST_COMPLETED
            )
            if failed.done():
                raise PartFailed(failed.result())
            if not run.ready.is_set():
                raise PartFailed(
                    f"{run.part.name} is not ready after {run.part.start_s:.0f} s "
                    f"({run.answer.reason}): see {run.part.log.path}"
                )
        finally:
            ready.cancel()
            failed.cancel()

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        log = part.log.open()
        leash = (sys.executable, "-m", "pantau.processes.leash", str(os.getpid()))
        try:
            return await asyncio.create_subprocess_exec(
                *leash,
                *part.argv,
                env=dict(part.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)

    async def _keep_running(self, run: _Run) -> None:
        """Keep the part's process running until it is to stop or is hopeless."""
        part = run.part
        while not run.stopping.is_set():
            started = time.monotonic()
            run.process = await self._spawn(part)
            code = await run.process.wait()
            # What it had started must not live on beside its successor.
            await _group_ended(run.process)
            run.answer = NOT_RUNNING
            if run.stopping.is_set():
                return
            now = time.monotonic()
            delay = run.restarts.died(now, now - started)
            if not self._report_problems(part) and code > 0 and (last := part.log.last_line()):
                # It reported no error in the way of our logs: its last words may be one.
                self._say(f"{part.name}: {last}")
            how = f"sinyal {-code}" if code < 0 else f"kode {code}"
            if delay is None:
                if not self._failed.done():
                    self._failed.set_result(
                        f"{part.name} dies at every start (exit {code}): see {part.log.path}"
                    )
                return
            self._say(f"{part.name} berhenti ({how}); dijalankan lagi dalam {_seconds(delay)}")
            await asyncio.sleep(delay)

    async def _watch(self, run: _Run) -> None:
        """Ask the part until it is ready, then now and then; report its problems; kill it if it hangs."""
        seen: int | None = None
        ready = False
        since = heard = asked = time.monotonic()
        while not run.stopping.is_set():
            await asyncio.sleep(_PROBE_S if ready else _POLL_S)
            self._report_problems(run.part)
            process = run.process
            if process is None or process.returncode is not None:
                continue
            now = time.monotonic()
            if process.pid != seen:
                seen, ready, since, heard = process.pid, False, now, now
            elif ready and now - asked < _WATCH_S:
                continue
            asked = now
            before, run.answer = run.answer, await run.part.probe(process.pid)
            if run.answer.alive:
                heard = now
            if run.answer.ready and not ready:
                ready = True
                self._started(run, time.monotonic() - since)
            elif ready and before.ready != run.answer.ready:
                self._say(
                    f"{run.part.name} {'siap lagi' if run.answer.ready else 'tidak siap: ' + run.answer.reason}"
                )
            if run.ready.is_set() and now - heard > _HUNG_S:
                self._say(f"{run.part.name} tidak menjawab {_HUNG_S:.0f} s; dihentikan paksa")
                _signal_group(process, signal.SIGKILL)
                heard = now

    def _started(self, run: _Run, took_s: float) -> None:
        run.restarts.ready()
        run.ready.set()
        self._say(f"{run.part.name} siap {_seconds(took_s)}")

    def _report_problems(self, part: Part) -> bool:
        part.log.rotate()
        problems = part.log.problems()
        for problem in problems:
            self._say(f"{part.name}: {problem}")
        return bool(problems)

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop all parts, the last started first, each within its `stop_s`; at once when `hurry` is set."""
        for run in reversed(self._runs):
            run.stopping.set()
            await self._stop_one(run, hurry)
        for run in self._runs:
            await _group_ended(run.process)
        self._runs.clear()

    async def _stop_one(self, run: _Run, hurry: asyncio.Event) -> None:
        process = run.process
        if process is not None and process.returncode is None:
            _signal_group(process, signal.SIGKILL if hurry.is_set() else signal.SIGTERM)
            ended = asyncio.ensure_future(process.wait())
            rushed = asyncio.ensure_future(hurry.wait())
            await asyncio.wait(
                {ended, rushed}, timeout=run.part.stop_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not ended.done():
                self._say(f"{run.part.name} dihentikan paksa")
                _signal_group(process, signal.SIGKILL)
                await ended
            rushed.cancel()
        for task in run.tasks:
            task.cancel()
        await asyncio.gather(*run.tasks, return_exceptions=True)
        self._report_problems(run.part)
