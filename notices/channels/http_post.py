"""One POST to a place that only configuration names: no redirect is followed, little of the answer is read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from notices.channels.delivery import FailedDeliveryError, RefusedDeliveryError

_TIMEOUT_S: Final = 10.0
_MOST_ANSWER: Final = 64 * 1024
_LONGEST_WAIT_S: Final = 3_600.0
_FOR_GOOD: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.GONE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""This body or this receiver will not be taken another time either."""


def new_session() -> ClientSession:
    """For all posts of a process. It keeps no cookies and unpacks no answer."""
    return ClientSession(
        timeout=ClientTimeout(_TIMEOUT_S),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
    )


async def post(session: ClientSession, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Returns at a 2xx. Raises `RefusedDeliveryError`, `FailedDeliveryError`."""
    try:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            # The connection serves again only if the answer was read; a long one is not worth it.
            await answer.content.read(_MOST_ANSWER)
            status, after = answer.status, answer.headers.get("Retry-After", "")
    except (ClientError, OSError, TimeoutError) as error:
        raise FailedDeliveryError(type(error).__name__) from None
    if 200 <= status < 300:
        return
    if status in _FOR_GOOD:
        raise RefusedDeliveryError(f"HTTP {status}")
    if 300 <= status < 400:
        # It may lead anywhere, and would take the signature or the secret along.
        raise FailedDeliveryError(f"HTTP {status}: redirects are not followed")
    # 401 and 404 too: what is wrong with the configuration is mended while deliveries wait.
    raise FailedDeliveryError(f"HTTP {status}", _seconds(after))


def _seconds(text: str) -> float:
    with suppress(ValueError):
        return min(max(float(text), 0.0), _LONGEST_WAIT_S)
    return 0.0
