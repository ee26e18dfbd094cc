"""`GET /v1/rejected`: a source learns which of its events were refused, also by streams, minutes after its 202."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.feeds.revocation_feed import RevocationFeed
from chassis.http.gate import unavailable
from chassis.http.problems import Problem, response_of
from contracts.time.clock import Clock, rfc3339
from producers.ingest.rejected.letter_feed import LetterFeed
from producers.ingest.rejected.source_letters import LetterPlace, SourceLetter, read_place
from producers.ingest.requests.body import bad_request
from producers.ingest.requests.device_auth import asking_unit
from producers.ingest.requests.limits import RateLimit

MOST: Final = 100
"""Letters a page."""
_PRIVATE: Final = {"Cache-Control": "no-store"}
_encoder: Final = msgspec.json.Encoder()
_Read = TypeVar("_Read")


class ShownLetter(msgspec.Struct):
    """A refused event. `letter`: as in `pantau dead-letters`; `id`, `type`: the event's, null where they cannot be read.

    `detail`: what is wrong and what to do, without any value of the event; `received_at`: the region's clock.
    """

    letter: str
    id: str | None
    type: str | None
    code: str
    detail: str
    received_at: str


class LettersAnswer(msgspec.Struct):
    """The newest first. `next`: for `before`, where there are older ones."""

    rejected: list[ShownLetter]
    next: str | None


class LetterRoutes:
    """`rate`: shared with the other requests of a device."""

    def __init__(
        self,
        key: bytes,
        clock: Clock,
        feed: LetterFeed,
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
        return [Route("/v1/rejected", self.list_rejected, methods=["GET"])]

    async def list_rejected(self, request: Request) -> Response:
        """`GET /v1/rejected`."""
        try:
            token = request.headers.get("authorization")
            source = asking_unit(token, self._key, self._revocations.revoked, self._rate)
            limit = _asked(request, "limit", _limit) or MOST
            before = _asked(request, "before", read_place)
            if not (self._revocations.is_loaded and self._feed.is_loaded):
                raise unavailable("The revoked tokens and the dead letters are not loaded yet.")
        except Problem as problem:
            return response_of(problem)
        answer = _page(self._feed.letters.of(source, self._clock.now_ms()), limit, before)
        return Response(_encoder.encode(answer), 200, _PRIVATE, "application/json")


def _asked(request: Request, name: str, read: Callable[[str], _Read]) -> _Read | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else read(text)
    except ValueError:
        detail = f"limit is a number from 1 to {MOST}, before is the `next` of an answer."
        raise bad_request(detail) from None


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise ValueError("no limit")
    return int(text)


def _page(letters: list[SourceLetter], limit: int, before: LetterPlace | None) -> LettersAnswer:
    left = [one for one in letters if before is None or one.place < before]
    shown = left[:limit]
    return LettersAnswer(
        [
            ShownLetter(
                one.letter_id, one.id, one.type, one.code, one.detail, rfc3339(one.received_ms)
            )
            for one in shown
        ],
        str(shown[-1].place) if len(left) > limit else None,
    )
