"""Signed bearer tokens: for devices, walls and people. The key and the time are inputs.

A token is `p1.<claims>.<mac>`, both parts base64url without padding. It can be checked by any replica
that holds the installation's key; nothing needs to be stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final, Literal

import msgspec

_PREFIX: Final = "p1"

TokenKind = Literal["device", "wall", "operator", "code"]
"""`code`: a one-time code that a page trades for a wall token."""

Role = Literal["desk", "health", "admin"]
"""What a person of the command center may do: `desk` acknowledges, `health` also assesses clusters and sees counts
under 5, `admin` does all."""


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may do what until when.

    `role`: of a person (operator); None for devices and walls.
    `sub`: unit id (device) or a name; `regions`: region codes it may read, empty for all; `exp`: epoch
    seconds of real time, None for never; `jti`: unique; `made_ms`: epoch ms of real time (`contracts.revocations`).
    """

    kind: TokenKind
    sub: str
    jti: str
    exp: int | None = None
    regions: tuple[str, ...] = ()
    made_ms: int = 0
    role: Role | None = None


DEVICE_DAYS: Final = 180
"""A device's token lives this long; its client renews it in the second half. A device may be away for a month."""
_DAY_S: Final = 86_400


def device_claims(unit_id: str, now_ms: int) -> Claims:
    """Of a token for the device of a unit, made now (real time)."""
    exp = now_ms // 1000 + DEVICE_DAYS * _DAY_S
    return Claims("device", unit_id, secrets.token_hex(8), exp, made_ms=now_ms)


class TokenError(ValueError):
    """The token is no token of this installation, is of another kind, or has ended. The message never holds the token."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Claims)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(key: bytes, payload: str) -> bytes:
    return hmac.new(key, f"{_PREFIX}.{payload}".encode(), hashlib.sha256).digest()


def issue(key: bytes, claims: Claims) -> str:
    """The token that says `claims`."""
    payload = _b64(_encoder.encode(claims))
    return f"{_PREFIX}.{payload}.{_b64(_mac(key, payload))}"


def claims_of(token: str) -> Claims | None:
    """What a token says, unchecked: for its holder, who has no key. None for what is no token."""
    try:
        _, payload, _ = token.split(".")
        return _decoder.decode(_unb64(payload))
    except (ValueError, binascii.Error):
        return None


def verify(key: bytes, token: str, now_s: float, *kinds: TokenKind) -> Claims:
    """The token's claims. Raises `TokenError` if it is not ours, not of one of `kinds`, or over.

    `now_s`: epoch seconds, real time.
    """
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != _PREFIX:
        raise TokenError("not a Pantau token")
    try:
        mac, raw = _unb64(parts[2]), _unb64(parts[1])
    except (binascii.Error, ValueError):
        raise TokenError("not a Pantau token") from None
    if not hmac.compare_digest(mac, _mac(key, parts[1])):
        raise TokenError("the token's signature is not of this installation")
    claims = _decoder.decode(raw)
    if claims.kind not in kinds:
        raise TokenError(f"a token of kind {claims.kind} is not accepted here")
    if claims.exp is not None and claims.exp <= now_s:
        raise TokenError("the token has ended")
    return claims
