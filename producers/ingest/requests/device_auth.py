"""Whose request is it? The device token names the unit."""

from __future__ import annotations

from chassis.http.problems import Problem
from contracts.revocations import Revocations
from contracts.time.clock import real_now_ms
from contracts.tokens import TokenError, verify

_SCHEME = "bearer "


def _unauthorized(detail: str, error: str = "") -> Problem:
    challenge = f'Bearer realm="pantau"{error}'
    return Problem(401, "Unauthorized", detail, {"WWW-Authenticate": challenge})


def unit_of(authorization: str | None, key: bytes, revoked: Revocations) -> str:
    """Unit id that the header `Authorization: Bearer <device token>` stands for.

    `key`: the installation's key. Raises `Problem` 401; its detail never holds the token.
    """
    if authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise _unauthorized("Send the device's token as `Authorization: Bearer <token>`.")
    token = authorization[len(_SCHEME) :].strip()
    try:
        return revoked.check(verify(key, token, real_now_ms() / 1000, "device")).sub
    except TokenError as error:
        raise _unauthorized(
            f"{error}; enrol the device again (pantau device enrol).", ', error="invalid_token"'
        ) from None
