"""Turns of an account's statements: so many run, so many wait, and users take them by turns.

A user here is an account at one address: analysts share an account, their machines differ.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass

from engines.clickhouse.engine_errors import refused


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """How many statements of an account run at once, and wait: of all users, of one user."""

    running: int
    waiting: int = 64
    waiting_of_one: int = 32


class Turns:
    """Belongs to one event loop."""

    def __init__(self, policy: TurnPolicy) -> None:
        self._policy = policy
        self._free = policy.running
        # The user whose turn is next stands first.
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, user: str) -> None:
        """Wait for a turn; `give_back` it. Raises ClickHouseError when too many wait."""
        if self._free:
            self._free -= 1
            return
        mine = self._waiting.get(user, deque())
        every = sum(map(len, self._waiting.values()))
        if every >= self._policy.waiting or len(mine) >= self._policy.waiting_of_one:
            raise refused(
                202,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                f"Too many simultaneous queries: {self._policy.running} run and {every} wait; "
                "try again later",
            )
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user, mine).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            else:
                self._leave(user, turn)
            raise

    def give_back(self) -> None:
        """End of a statement: the next user's oldest statement has the turn."""
        if not self._waiting:
            self._free += 1
            return
        user, queue = next(iter(self._waiting.items()))
        turn = queue[0]
        self._leave(user, turn)
        if user in self._waiting:
            self._waiting.move_to_end(user)
        turn.set_result(None)

    def _leave(self, user: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting[user]
        queue.remove(turn)
        if not queue:
            del self._waiting[user]
