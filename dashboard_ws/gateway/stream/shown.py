"""Follows the generation that is shown: the one before goes on until the new one's rows are all there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from contracts.results.generations import Generations
from dashboard_ws.gateway.stream.live_feed import Feed


class Shown:
    """`feed` makes the feed of a generation; `changes`: the record and each change of it."""

    def __init__(
        self, feed: Callable[[int], Feed], changes: Callable[[], AsyncIterator[Generations]]
    ) -> None:
        self._feed = feed
        self._changes = changes

    async def run(self) -> None:
        """Returns only when cancelled; raises what ends a feed."""
        generation = 0
        feed: asyncio.Task[None] | None = None
        changes = aiter(self._changes())
        change = asyncio.ensure_future(anext(changes))
        try:
            while True:
                tasks = {change} | ({feed} if feed else set())
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if feed is not None and feed.done():
                    feed.result()
                    return
                one = change.result()
                change = asyncio.ensure_future(anext(changes))
                if one.shown != generation:
                    generation = one.shown
                    feed = await self._replace(feed, self._feed(generation))
        finally:
            change.cancel()
            if feed is not None:
                feed.cancel()

    async def _replace(self, before: asyncio.Task[None] | None, feed: Feed) -> asyncio.Task[None]:
        task = asyncio.create_task(feed.run())
        caught_up = asyncio.create_task(feed.caught_up.wait())
        await asyncio.wait({task, caught_up}, return_when=asyncio.FIRST_COMPLETED)
        caught_up.cancel()
        if before is not None:
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        return task
