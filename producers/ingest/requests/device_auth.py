"""Whose request is it? The device token names the unit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from chassis.http.problems import Problem
from contracts.revocations import Revocations
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, TokenError, TokenKind, verify
from producers.ingest.requests.limits import RateLimit

_SCHEME = "bearer "
_AGAIN: Final[Mapping[TokenKind, str]] = {
    "device": "enrol the device again (pantau device enrol)",
    "service": "sign a new one with the installation's key",
}
"""What to do for a token of each kind that is taken here."""


def _unauthorized(detail: str, error: str = "") -> Problem:
    challenge = f'Bearer realm="pantau"{error}'
    return Problem(401, "Unauthorized", detail, {"WWW-Authenticate": challenge})


def bearer_claims(
    authorization: str | None, key: bytes, revoked: Revocations, kind: TokenKind
) -> Claims:
    """Claims of the token in the header `Authorization: Bearer <token>`.

    `key`: the installation's key. Raises `Problem` 401; its detail never holds the token.
    """
    if authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise _unauthorized(f"Send a token as `Authorization: Bearer <{kind} token>`.")
    token = authorization[len(_SCHEME) :].strip()
    try:
        return revoked.check(verify(key, token, real_now_ms() / 1000, kind))
    except TokenError as error:
        raise _unauthorized(f"{error}; {_AGAIN[kind]}.", ', error="invalid_token"') from None


def asking_unit(
    authorization: str | None, key: bytes, revoked: Revocations, rate: RateLimit
) -> str:
    """Unit id that a device's token stands for; the request counts for it.

    Raises as `bearer_claims`, and `Problem` 429.
    """
    unit_id = bearer_claims(authorization, key, revoked, "device").sub
    rate.take(unit_id, time.monotonic())
    return unit_id
