"""Delivers what the queue holds, until it is delivered or no news any more."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from chassis import logs
from contracts.people import ChannelName, Person
from contracts.time.clock import real_now_ms
from notices.channels.delivery import (
    Delivery,
    FailedDeliveryError,
    NoticeChannel,
    RefusedDeliveryError,
)
from notices.notice_metrics import DELIVERIES, OLDEST, PENDING
from notices.sending.notice_queue import DeliveryStatus, NoticeQueue, Queued
from notices.sending.retry_policy import RetryPolicy

_POLL_S: Final = 1.0
_STOP_S: Final = 3.0
"""A delivery under way may end; what is cut off is sent again with its id."""

_log = logs.get("notices.dispatcher")


class Dispatcher:
    """`wake()` after something was stored. `people` and `channels` may be replaced at any time."""

    def __init__(self, queue: NoticeQueue, policy: RetryPolicy) -> None:
        self._queue = queue
        self._policy = policy
        self._people: dict[tuple[str, str], Person] = {}
        self._channels: Mapping[ChannelName, NoticeChannel] = {}
        self._under_way: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._failing: dict[ChannelName, tuple[float, str]] = {}
        self._woken = asyncio.Event()
        self._broken: BaseException | None = None

    def use(
        self, people: tuple[Person, ...], channels: Mapping[ChannelName, NoticeChannel]
    ) -> None:
        """Takes the people and channels in force from now on."""
        self._people = {(one.region, one.person_id): one for one in people}
        self._channels = channels

    def wake(self) -> None:
        """There may be something to deliver."""
        self._woken.set()

    def trouble(self) -> str | None:
        """Which channel has not got through for long; for `Health.check`, from any thread."""
        now = time.monotonic()
        return (
            "; ".join(
                f"{channel} has not got through for {now - since:.0f} s: {reason}"
                for channel, (since, reason) in tuple(self._failing.items())
                if now - since > self._policy.silent_s
            )
            or None
        )

    async def run(self) -> None:
        """Until cancelled; what is under way then gets some seconds.

        Raises why the outcome of a delivery could not be stored: it would be sent for ever.
        """
        try:
            while True:
                self._woken.clear()
                if self._broken is not None:
                    raise self._broken
                self._start()
                # Not `wait_for`: before Python 3.12 it loses a cancellation that comes as the event is set.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        await self._woken.wait()
        finally:
            if self._under_way:
                _, late = await asyncio.wait(self._under_way.values(), timeout=_STOP_S)
                for task in late:
                    task.cancel()

    def _start(self) -> None:
        now = real_now_ms()
        count, oldest = self._queue.pending()
        PENDING.set(count)
        OLDEST.set((now - oldest) / 1000 if oldest is not None else 0)
        if not count:
            return
        for queued in self._queue.ready(now, self._under_way):
            if len(self._under_way) >= self._policy.at_once:
                return
            one = queued.delivery
            place = (one.region, one.person_id, one.channel)
            task = asyncio.create_task(self._deliver(queued))
            self._under_way[place] = task
            task.add_done_callback(partial(self._ended, place))

    def _ended(self, place: tuple[str, str, str], task: asyncio.Task[None]) -> None:
        del self._under_way[place]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = error
        self._woken.set()

    async def _deliver(self, queued: Queued) -> None:
        one = queued.delivery
        try:
            await self._send(one)
        except RefusedDeliveryError as error:
            self._end(one, "failed", str(error))
        except FailedDeliveryError as error:
            self._failing.setdefault(one.channel, (time.monotonic(), str(error)))
            self._put_off(queued, error)
        else:
            self._failing.pop(one.channel, None)
            self._end(one, "delivered")

    async def _send(self, one: Delivery) -> None:
        person = self._people.get((one.region, one.person_id))
        channel = self._channels.get(one.channel)
        address = person.address(one.channel) if person is not None else ""
        if not address or channel is None:
            raise RefusedDeliveryError("people.csv or notices.yaml does not name this any more")
        await channel.send(one, address)

    def _put_off(self, queued: Queued, error: FailedDeliveryError) -> None:
        one, now = queued.delivery, real_now_ms()
        delay_s = self._policy.delay_s(queued.attempts, random.random(), error.after_s)  # noqa: S311 - spreads load
        if now + delay_s * 1000 > queued.queued_at + self._policy.give_up_s * 1000:
            self._end(one, "failed", f"gave up: {error}")
            return
        self._queue.put_off(one.id, now + round(delay_s * 1000), str(error))
        DELIVERIES.labels(one.channel, "put off").inc()
        _log.warning(
            "delivery put off",
            id=one.id,
            channel=one.channel,
            reason=str(error),
            seconds=round(delay_s),
        )

    def _end(self, one: Delivery, status: DeliveryStatus, reason: str = "") -> None:
        self._queue.end(one.id, status, real_now_ms(), reason)
        DELIVERIES.labels(one.channel, status).inc()
        if status == "failed":
            _log.error("delivery failed", id=one.id, channel=one.channel, reason=reason)
        else:
            _log.info("delivered", id=one.id, channel=one.channel)
