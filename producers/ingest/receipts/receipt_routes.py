"""`GET /v1/receipts/{receipt}` for devices, and the newest receipts for `pantau status`."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chassis.feeds.revocation_feed import RevocationFeed
from chassis.http.gate import unavailable
from chassis.http.problems import Problem, response_of
from contracts.receipts import (
    Receipt,
    ReceiptError,
    ReceiptState,
    RecentReceipt,
    read_receipt,
    receipt_text,
)
from contracts.tokens import Claims, TokenKind
from producers.ingest.receipts.progress_feed import ProgressFeed
from producers.ingest.receipts.receipt_states import state_of
from producers.ingest.receipts.wall_counts import WallCounts
from producers.ingest.requests.device_auth import bearer_claims
from producers.ingest.requests.limits import RateLimit

_NEWEST: Final = 20
"""Receipts that ingest itself remembers, for the operator: the newest that it has given."""
_MAX_TEXT: Final = 4_096
_MEDIA_TYPE: Final = "application/json"
_encoder: Final = msgspec.json.Encoder()


class ReceiptRoutes:
    """Gives receipts and answers for them. `region_partitions`: of the region stage's input."""

    def __init__(
        self,
        key: bytes,
        revocations: RevocationFeed,
        rate: RateLimit,
        progress: ProgressFeed,
        walls: WallCounts,
        region_partitions: int,
    ) -> None:
        self._key = key
        self._revocations = revocations
        self._rate = rate
        self._progress = progress
        self._walls = walls
        self._region_partitions = region_partitions
        self._recent: deque[Receipt] = deque(maxlen=_NEWEST)

    def give(self, receipt: Receipt) -> str:
        """The text for the device."""
        self._recent.append(receipt)
        return receipt_text(self._key, receipt)

    async def get_receipt(self, request: Request) -> Response:
        """`GET /v1/receipts/{receipt}`."""
        try:
            unit_id = self._claims(request, "device").sub
            self._rate.take(unit_id, time.monotonic())
            receipt = self._own(request.path_params["receipt"], unit_id)
            state = await self._state(receipt)
        except Problem as problem:
            return response_of(problem)
        return Response(_encoder.encode(state), media_type=_MEDIA_TYPE)

    async def list_recent(self, request: Request) -> Response:
        """`GET /v1/receipts`: for a service's token, the newest receipts of all devices."""
        try:
            self._claims(request, "service")
            found = [
                RecentReceipt(one.source, one.made_ms, await self._state(one))
                for one in tuple(self._recent)
            ]
        except Problem as problem:
            return response_of(problem)
        return Response(_encoder.encode(found), media_type=_MEDIA_TYPE)

    def _claims(self, request: Request, kind: TokenKind) -> Claims:
        if not self._revocations.is_loaded:
            raise unavailable("The revoked tokens are not loaded yet.")
        authorization = request.headers.get("authorization")
        return bearer_claims(authorization, self._key, self._revocations.revoked, kind)

    def _own(self, text: str, unit_id: str) -> Receipt:
        try:
            # Ours are some 200 characters: a longer one is not worth a signature.
            receipt = read_receipt(self._key, text) if len(text) <= _MAX_TEXT else None
        except ReceiptError:
            receipt = None
        if receipt is None or receipt.source != unit_id:
            raise Problem(
                404,
                "Not Found",
                "No receipt that ingest has given to this token's unit or recipient.",
            )
        return receipt

    async def _state(self, receipt: Receipt) -> ReceiptState:
        if not self._progress.is_loaded:
            raise unavailable("How far the other parts have come is not loaded yet.")
        shown = await self._walls.shown(receipt.region) if receipt.events else []
        streams, sinks = self._progress.streams, self._progress.sinks
        return state_of(receipt, streams, sinks, shown, self._region_partitions)
