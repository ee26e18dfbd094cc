"""Statements that run now: each can be ended, and none stays beyond the patience of the policy."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final

from chassis import logs
from engines.clickhouse.engine import Engine
from engines.clickhouse.engine_errors import refused

_AGAIN_S: Final = 0.5
_STUCK: Final = 70
"""Exit code: a software fault. Whoever runs the server starts it again."""

log = logs.get("engines.clickhouse.front.running")


@dataclass(frozen=True, slots=True)
class EndPolicy:
    """Seconds that a guarded statement may run, and that the engine has to end one that is cancelled."""

    guarded_s: float = 75.0
    stuck_s: float = 60.0


@dataclass(slots=True, eq=False)
class RunningStatement:
    """One statement; `stop_sending` lets its worker see that nobody reads."""

    query_id: str
    guarded: bool
    stop_sending: Callable[[], None]
    begun: float = field(default_factory=time.monotonic)


class RunningStatements:
    """Belongs to one event loop."""

    def __init__(self, engine: Engine, policy: EndPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._now: dict[str, RunningStatement] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def begin(
        self, statement: RunningStatement, pool: Executor, work: Callable[[], object]
    ) -> None:
        """Start `work` in `pool`. Raises ClickHouseError if a statement with this id runs."""
        if statement.query_id in self._now:
            raise refused(
                216,
                "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
                f"Query with id = {statement.query_id} is already running",
            )
        self._now[statement.query_id] = statement
        pool.submit(work)

    def ended(self, statement: RunningStatement) -> None:
        """Note that the work of `statement` is over."""
        self._now.pop(statement.query_id, None)

    def cancel(self, statement: RunningStatement) -> None:
        """End it: its client has left, or its time is over. Does nothing to one that is over."""
        statement.stop_sending()
        if statement.query_id in self._now:
            task = asyncio.get_running_loop().create_task(self._end(statement))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def watch(self) -> None:
        """End guarded statements whose time is over; runs until cancelled."""
        while True:
            await asyncio.sleep(1)
            oldest = time.monotonic() - self._policy.guarded_s
            for statement in list(self._now.values()):
                if statement.guarded and statement.begun < oldest:
                    statement.begun = float("inf")
                    self.cancel(statement)

    async def _end(self, statement: RunningStatement) -> None:
        """Ask the engine until it is over. One that never checks whether it is cancelled ends the process.

        A thread inside the engine cannot be ended alone; acknowledged rows survive, as they survive kill -9.
        """
        deadline = time.monotonic() + self._policy.stuck_s
        while statement.query_id in self._now:
            if statement.guarded and time.monotonic() > deadline:
                log.critical(
                    "a cancelled query does not end: stopping", query_id=statement.query_id
                )
                os._exit(_STUCK)
            await asyncio.to_thread(self._engine.cancel, statement.query_id)
            await asyncio.sleep(_AGAIN_S)
