"""WhatsApp and SMS through an HTTP gateway that takes JSON: whose, is said by notices.yaml alone."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from aiohttp import ClientSession

from notices.channels.channel_settings import GatewaySettings
from notices.channels.delivery import Delivery
from notices.channels.http_post import post

_NAME: Final = re.compile(r"\{(to|text|title|id)\}")


class HttpGateway:
    """`secret`: goes into the header that the settings name; empty: none."""

    def __init__(self, session: ClientSession, settings: GatewaySettings, secret: str) -> None:
        self._session = session
        self._settings = settings
        self._headers = {"Content-Type": "application/json", **settings.headers}
        if secret:
            self._headers[settings.auth_header] = settings.auth_prefix + secret

    async def send(self, delivery: Delivery, address: str) -> None:
        """See `NoticeChannel`; `address`: a telephone number with + and country."""
        filled = {
            "to": address,
            "text": delivery.text,
            "title": delivery.title,
            "id": delivery.id,
        }
        body = msgspec.json.encode(fill(self._settings.body, filled))
        await post(
            self._session,
            self._settings.url,
            self._headers | {"Idempotency-Key": delivery.id},
            body,
        )


def fill(template: Any, values: dict[str, str]) -> Any:
    """`template` with the names in its texts replaced. Values go in as values: none can become a part of the JSON."""
    if isinstance(template, dict):
        return {name: fill(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [fill(part, values) for part in template]
    if not isinstance(template, str):
        return template
    # In one pass: a text that holds `{to}` is not filled in again.
    return _NAME.sub(lambda match: values[match[1]], template)
