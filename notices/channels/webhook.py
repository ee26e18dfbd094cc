"""Webhooks, signed as the Standard Webhooks specification 1.0 says: receivers have libraries for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from aiohttp import ClientSession

from chassis.operator_error import OperatorError
from contracts.time.clock import real_now_ms
from notices.channels.delivery import Delivery, RefusedDeliveryError
from notices.channels.http_post import post

_PREFIX: Final = "whsec_"
_LEAST_BYTES: Final = 24


class Webhook:
    """`places`: name of a webhook -> (URL, secret key)."""

    def __init__(self, session: ClientSession, places: Mapping[str, tuple[str, bytes]]) -> None:
        self._session = session
        self._places = places

    async def send(self, delivery: Delivery, address: str) -> None:
        """See `NoticeChannel`; `address`: name of a webhook."""
        place = self._places.get(address)
        if place is None:
            raise RefusedDeliveryError("no webhook of this name is configured")
        url, key = place
        moment = real_now_ms() // 1000
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": delivery.id,
            "webhook-id": delivery.id,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(key, delivery.id, moment, delivery.body),
        }
        await post(self._session, url, headers, delivery.body)


def signature(key: bytes, identity: str, moment: int, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over `<id>.<epoch seconds>.<body>`."""
    content = f"{identity}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def webhook_key(secret: str) -> bytes:
    """The key of a secret: base64 behind `whsec_`, else the text as it is. Raises `OperatorError` for a short one."""
    try:
        key = (
            base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
            if secret.startswith(_PREFIX)
            else secret.encode()
        )
    except ValueError:
        raise OperatorError(f"a webhook's secret holds no base64 behind {_PREFIX}") from None
    if len(key) < _LEAST_BYTES:
        raise OperatorError(
            f"a webhook's secret is shorter than {_LEAST_BYTES} bytes: make a new one"
        )
    return key
