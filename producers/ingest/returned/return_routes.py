"""`GET /v1/returned`: a source learns which of its reports the desk wants corrected, and why."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.feeds.revocation_feed import RevocationFeed
from chassis.http.gate import unavailable
from chassis.http.problems import Problem, response_of
from contracts.time.clock import Clock, rfc3339
from producers.ingest.command_feed import CommandFeed
from producers.ingest.requests.device_auth import asking_unit
from producers.ingest.requests.limits import RateLimit

_PRIVATE: Final = {"Cache-Control": "no-store"}
_encoder: Final = msgspec.json.Encoder()


class ShownReturn(msgspec.Struct):
    """A returned report. `command`: the return's own id; `id`, `type`: the event's; `returned_at`: the region's clock."""

    command: str
    id: str
    type: str
    note: str
    returned_at: str


class ReturnsAnswer(msgspec.Struct):
    """The newest first."""

    returned: list[ShownReturn]


class ReturnRoutes:
    """`rate`: shared with the other requests of a device."""

    def __init__(
        self,
        key: bytes,
        clock: Clock,
        feed: CommandFeed,
        revocations: RevocationFeed,
        rate: RateLimit,
    ) -> None:
        self._key = key
        self._clock = clock
        self._feed = feed
        self._revocations = revocations
        self._rate = rate

    def routes(self) -> list[Route]:
        """The one."""
        return [Route("/v1/returned", self.list_returned, methods=["GET"])]

    async def list_returned(self, request: Request) -> Response:
        """`GET /v1/returned`."""
        try:
            token = request.headers.get("authorization")
            source = asking_unit(token, self._key, self._revocations.revoked, self._rate)
            if not (self._revocations.is_loaded and self._feed.is_loaded):
                raise unavailable("The revoked tokens and the returned reports are not loaded yet.")
        except Problem as problem:
            return response_of(problem)
        standing = self._feed.returns.of(source, self._clock.now_ms())
        answer = ReturnsAnswer(
            [
                ShownReturn(order.id, order.event, order.type, order.note, rfc3339(at_ms))
                for order, at_ms in standing.values()
            ]
        )
        return Response(_encoder.encode(answer), 200, _PRIVATE, "application/json")
