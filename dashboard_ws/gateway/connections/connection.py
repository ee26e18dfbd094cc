"""One connection: a writer that sends what is due, and a watch on whether it is taken.

Whoever has something to say (the reader, the hub, the watch) leaves it here and wakes the writer, so a client that does not
read holds up its own writer and nobody else. To a client that has taken everything a delta is written by the hub's round itself, and a
ping by its watch: waking a task for it costs more than the frame.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import termios
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from chassis import logs
from contracts.time.clock import rfc3339
from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.api.page_tokens import now_s
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.connections.round import Moment, Round
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import Contents
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Close, Closed, Session, Welcome

FLUSH_S: Final = 0.25
"""A client gets an update at most this often. The first change after a pause goes out at once."""
PING_S: Final = 5.0
_EARLY_S: Final = 0.5
"""Half of the watch's pace: pings of many clients go out together, each by so much too early or too late the first time."""
SLOW_S: Final = 15.0
"""A client that takes no byte for this long is closed."""
_ABORT_S: Final = 2.0
"""Grace for the close frame; then the socket is freed."""
_KERNEL_MS: Final = 30_000

_log = logs.get("gateway.client")


class Channel(Protocol):
    """How frames travel: a websocket or an event stream."""

    name: str

    @property
    def write(self) -> Callable[[bytes], None] | None:
        """Hands bytes of a frame to the socket, full or not; None where frames can be sent alone."""

    async def send(self, sent: wire.Sent) -> None:
        """Hand a frame to the socket; waits while its buffer is full. Raises `OSError` if the client has left."""

    async def close(self, closed: Closed) -> None:
        """End the connection; the error frame was sent."""


def outstanding(transport: asyncio.Transport) -> int:
    """Bytes written that the peer's machine has not acknowledged: in our buffer and the kernel's."""
    if transport.is_closing():
        return 0
    waiting = transport.get_write_buffer_size()
    try:
        answer = fcntl.ioctl(
            transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, struct.pack("i", 0)
        )
    except OSError:
        return waiting
    return waiting + int(struct.unpack("i", answer)[0])


def let_us_end_it(transport: asyncio.Transport) -> None:
    """Have the kernel give up on a peer that takes nothing only after we have.

    Left at the server's 15 s the kernel would cut the connection first, without a close code.
    """
    with (
        suppress(OSError),
        socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same,
    ):
        same.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _KERNEL_MS)


class Client:
    """See the module. `transport` None (no socket under it): not watched."""

    def __init__(
        self, hub: Hub, channel: Channel, session: Session, build: str,
        transport: asyncio.Transport | None,
    ) -> None:  # fmt: skip
        self._hub = hub
        self._channel = channel
        self.session = session
        self._build = build
        self._transport = transport
        if transport is not None:
            let_us_end_it(transport)
        self._wake = asyncio.Event()
        self._is_waiting = False
        """The writer has nothing to do, and nothing that it began to send is left."""
        self._queued: deque[wire.Sent] = deque()
        self._closing: Closed | None = None
        self._next_flush = 0.0
        self._next_ping: float | None = None
        self._written = 0
        self._waiting = 0
        self._taken_at = time.monotonic()
        self._bytes = gateway_metrics.bytes_of(channel.name)

    # --- what others do -------------------------------------------------------------------------

    def changed(self, now: Round) -> None:
        """See `Listener`."""
        subscription = self.session.subscription
        if (
            subscription is None
            or subscription.region != now.region
            or not subscription.is_behind(now.live)
        ):
            return
        if now.at < self._next_flush:
            now.wait(self._next_flush)
        elif not self._flush_at_once(now, subscription):
            self._rouse()

    def _flush_at_once(self, now: Round, subscription: Subscription) -> bool:
        """Write the delta that is due; False if it is for the writer to send."""
        if (write := self._writes_at_once()) is None or (delta := now.delta(subscription)) is None:
            return False
        if self._may_go_on(now.at, now.now_s):
            subscription.follow(now.live, delta.update)
            if delta.sent is not None:
                delta.clients += 1
                self._written += len(delta.sent.text)
                self._next_flush = now.at + FLUSH_S
                write(delta.sent.on_websocket)
        return True

    def _writes_at_once(self) -> Callable[[bytes], None] | None:
        """Hands bytes to the socket; None where something that was sent before is not taken yet."""
        if not self._is_waiting or self._transport is None:
            return None
        return None if self._transport.get_write_buffer_size() else self._channel.write

    def _may_go_on(self, at: float, real_s: float) -> bool:
        """False if the connection has to end: nothing more goes out on a token that has ended."""
        try:
            self.session.check(at, real_s)
        except Closed as closed:
            self.close(closed)
            return False
        return True

    def _ping_is_due(self, at: float) -> bool:
        return self._next_ping is not None and at >= self._next_ping - _EARLY_S

    def _ping_at_once(self, now: Moment) -> bool:
        """Write the ping that is due; False if it is for the writer to send."""
        subscription = self.session.subscription
        if (write := self._writes_at_once()) is None or (
            subscription is not None and not self._hub.has_delta(subscription)
        ):
            return False
        self._next_ping = now.at + PING_S
        frames = [] if subscription is None else self._hub.next(subscription, to_head=True)
        for sent in (*frames, self._ping(subscription, now.clock)):
            self._count(sent)
            write(sent.on_websocket)
        if subscription is not None:
            subscription.note_sent()
        return True

    def shown(self, region: str) -> Contents | None:
        """See `Listener`."""
        subscription = self.session.subscription
        if subscription is None or subscription.region != region or self._closing is not None:
            return None
        return subscription.shown

    def receive(self, text: str) -> None:
        """A message of the client."""
        try:
            answer = self.session.receive(text, time.monotonic())
        except Closed as closed:
            self.close(closed)
            return
        if answer is not None:
            self.welcome(answer)
        self._rouse()

    def welcome(self, answer: Welcome) -> None:
        """Greet a client whose token is good; pings begin."""
        expires = rfc3339(answer.exp * 1000) if answer.exp is not None else None
        self._queued.append(wire.welcome(expires, self._hub.now(), self._build))
        if self._next_ping is None:
            self._next_ping = time.monotonic() + PING_S

    def close(self, closed: Closed) -> None:
        """See `Listener`. The first reason stands."""
        if self._closing is None:
            self._closing = closed
            code = int(closed.code)
            gateway_metrics.EVICTED.labels(str(code)).inc()
            _log.info("closing", code=code, detail=closed.detail, client=self.session.client)
        self._rouse()

    def abort(self) -> None:
        """See `Listener`."""
        if self._transport is not None:
            self._transport.abort()

    def watch(self, now: Moment) -> int:
        """See `Listener`."""
        self._may_go_on(now.at, now.real_s)
        waiting = 0 if self._transport is None else self._watch_taken(self._transport, now.at)
        if self._ping_is_due(now.at) and not self._ping_at_once(now):
            self._rouse()
        return waiting

    def _watch_taken(self, transport: asyncio.Transport, at: float) -> int:
        """Taken is what left both buffers, however little of a long frame it is."""
        waiting = outstanding(transport)
        if waiting == 0 or waiting < self._waiting + self._written:
            self._taken_at = at
        self._waiting, self._written = waiting, 0
        if at - self._taken_at >= SLOW_S and self._closing is None:
            self.close(Closed(Close.SLOW, f"nothing was taken for {SLOW_S:.0f} s"))
            # Closing waits for the buffer to drain, which this peer may never let happen.
            asyncio.get_running_loop().call_later(_ABORT_S, self.abort)
        return waiting

    # --- the writer -----------------------------------------------------------------------------

    async def write(self) -> None:
        """Send what is due until the connection ends."""
        self._hub.join(self)
        gateway_metrics.CLIENTS.labels(self._channel.name).inc()
        try:
            while self._closing is None:
                self._wake.clear()
                try:
                    await self._step(time.monotonic())
                except Closed as closed:
                    self.close(closed)
                self._is_waiting = True
                await self._wake.wait()
                self._is_waiting = False
            await self._end(self._closing)
        except OSError:
            pass  # The client went away: nobody is there to be answered.
        finally:
            self._hub.leave(self)
            gateway_metrics.CLIENTS.labels(self._channel.name).dec()

    def _rouse(self) -> None:
        """From now on it is the writer that sends, until it has nothing to do again."""
        self._is_waiting = False
        self._wake.set()

    async def _step(self, at: float) -> None:
        """Send what is due now."""
        # Nothing goes out on a token that has ended since the last `watch`.
        self.session.check(at, now_s())
        while self._queued:
            await self._send(self._queued.popleft())
        subscription = self.session.subscription
        if self._ping_is_due(at):
            self._next_ping = at + PING_S
            if subscription is not None:
                await self._flush(subscription, to_head=True)
            await self._send(self._ping(subscription, self._hub.now()))
        if subscription is not None:
            live = self._hub.maps[subscription.region]
            if at >= self._next_flush and subscription.is_behind(live):
                await self._flush(subscription)
                self._next_flush = time.monotonic() + FLUSH_S
            if subscription.is_behind(self._hub.maps[subscription.region]):
                self._hub.wait(subscription.region, self._next_flush)

    def _ping(self, subscription: Subscription | None, clock: str) -> wire.Sent:
        """The update before it goes first, if there is one: the seq that the ping names is the one that the client has."""
        reached = as_of = None
        if subscription is not None:
            reached = subscription.reached if subscription.answered else None
            as_of = self._hub.maps[subscription.region].as_of
        return wire.ping(clock, reached, as_of)

    async def _flush(self, subscription: Subscription, *, to_head: bool = False) -> None:
        started = time.monotonic()
        for sent in self._hub.next(subscription, to_head=to_head):
            await self._send(sent)
        gateway_metrics.FLUSH.observe(time.monotonic() - started)
        subscription.note_sent()

    async def _send(self, sent: wire.Sent) -> None:
        self._count(sent)
        await self._channel.send(sent)

    def _count(self, sent: wire.Sent) -> None:
        self._written += len(sent.text)
        gateway_metrics.frames_of(sent.op).inc()
        self._bytes.inc(len(sent.text))

    async def _end(self, closed: Closed) -> None:
        await self._send(wire.error(int(closed.code), closed.detail))
        await self._channel.close(closed)
