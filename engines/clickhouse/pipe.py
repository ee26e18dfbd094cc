"""Carries parts of an answer from a worker thread to the event loop, a few at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Final

from engines.clickhouse.engine_errors import ClickHouseError, refused
from engines.clickhouse.worker import Head

_PARTS: Final = 2
_STALLED_S: Final = 60.0
"""A reader that takes nothing for so long loses its query: it holds a worker thread."""


class Pipe:
    """One answer. `send`, `fail` and `end` are the worker's; `first` and `remaining` are the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stalled_s: float = _STALLED_S) -> None:
        self._loop = loop
        self._stalled_s = stalled_s
        self._queue: asyncio.Queue[tuple[Head, bytes] | ClickHouseError | None] = asyncio.Queue(
            _PARTS
        )
        self._closed = threading.Event()

    def send(self, head: Head, part: bytes) -> bool:
        """Hand on `part`; waits while the reader is slow. False if the reader has left."""
        return self._put((head, part))

    def stop(self) -> None:
        """Nobody reads any more: the next `send` says so."""
        self._closed.set()

    def fail(self, error: ClickHouseError) -> None:
        """Let the reader see `error`."""
        self._put(error)

    def end(self) -> None:
        """No more parts."""
        self._put(None)

    def _put(self, item: tuple[Head, bytes] | ClickHouseError | None) -> bool:
        if self._closed.is_set():
            return False
        future = asyncio.run_coroutine_threadsafe(self._queue.put(item), self._loop)
        try:
            future.result(self._stalled_s)
        except FutureTimeoutError:
            future.cancel()
            self._closed.set()
            self._loop.call_soon_threadsafe(self._break)
            return False
        return not self._closed.is_set()

    def _break(self) -> None:
        """Let a reader that comes back see that it was too late: it would wait for the next part for ever."""
        while not self._queue.empty():
            self._queue.get_nowait()
        detail = f"The client took nothing for {self._stalled_s:.0f} s"
        self._queue.put_nowait(refused(394, "QUERY_WAS_CANCELLED", detail))

    async def first(self) -> tuple[Head, bytes]:
        """The first part. Raises ClickHouseError if the statement failed before it."""
        item = await self._queue.get()
        if isinstance(item, ClickHouseError):
            raise item
        if item is None:
            raise RuntimeError("a worker ended without an answer: see the log above")
        return item

    async def remaining(self, first: bytes) -> AsyncIterator[bytes]:
        """`first` and all that follows.

        A failure in between is raised: the connection breaks, so that nobody takes a part of a
        result for all of it.
        """
        try:
            if first:
                yield first
            while (item := await self._queue.get()) is not None:
                if isinstance(item, ClickHouseError):
                    raise item
                yield item[1]
        finally:
            self._closed.set()
            while not self._queue.empty():
                self._queue.get_nowait()
