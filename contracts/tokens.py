"""Signed bearer tokens: for devices, walls and people. The key and the time are inputs.

A token is `p1.<claims>.<mac>` (`contracts.signed_text`).
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Final, Literal

import msgspec

from contracts.signed_text import SignatureError, sign, unchecked, unsigned

_PREFIX: Final = "p1"

TokenKind = Literal["device", "wall", "operator", "code", "enrol", "link", "service"]
"""`code`: a one-time code that a page trades for a wall token; `enrol`: one that a phone trades for a device token;
`link`: a school link, which many phones trade for a device token each; `service`: one part that asks another."""

Role = Literal["desk", "health", "admin"]
"""What a person of the command center may do: `desk` acknowledges, `health` also assesses clusters and sees counts
under 5, `admin` does all."""


PROVIDER_MARK: Final = " (dinas)"
"""Behind the name of a person whom a provider of log-ins has named: no local account has such a name."""


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may do what until when.

    `role`: of a person (operator); None for devices and walls.
    `sub`: unit id (device) or a name; `regions`: region codes it may read, empty for all; `exp`: epoch
    seconds of real time, None for never; `jti`: unique; `made_ms`: epoch ms of real time (`contracts.revocations`).
    `until`: of a device that came by a school link: the link's end, epoch seconds; no renewal goes beyond it.
    """

    kind: TokenKind
    sub: str
    jti: str
    exp: int | None = None
    regions: tuple[str, ...] = ()
    made_ms: int = 0
    role: Role | None = None
    until: int | None = None


DEVICE_DAYS: Final = 180
"""A device's token lives this long; its client renews it in the second half. A device may be away for a month."""
LINK_DEVICE_DAYS: Final = 14
"""So long lives the token of a phone that came by a school link, if the link does not end before."""
_DAY_S: Final = 86_400


def device_claims(unit_id: str, now_ms: int, until: int | None = None) -> Claims:
    """Of a token for the device of a unit, made now (real time). `until`: the end of the school link it came by."""
    now_s = now_ms // 1000
    exp = now_s + DEVICE_DAYS * _DAY_S
    if until is not None:
        exp = min(now_s + LINK_DEVICE_DAYS * _DAY_S, until)
    return Claims("device", unit_id, secrets.token_hex(8), exp, made_ms=now_ms, until=until)


_SERVICE_S: Final = 300


def service_claims(name: str, now_ms: int) -> Claims:
    """Of a token with which the service `name` asks another one, made now (real time)."""
    return Claims(
        "service", name, secrets.token_hex(8), now_ms // 1000 + _SERVICE_S, made_ms=now_ms
    )


ENROL_S: Final = 600
"""A code for a phone that stands beside lives so long."""


def enrol_claims(unit_id: str, now_ms: int, valid_s: int = ENROL_S) -> Claims:
    """Of a one-time code that a phone trades for a device token of the unit, made now (real time)."""
    exp = now_ms // 1000 + valid_s
    return Claims("enrol", unit_id, secrets.token_hex(8), exp, made_ms=now_ms)


def link_claims(recipient_id: str, now_ms: int, valid_s: int) -> Claims:
    """Of a school link, made now (real time): whoever has it reports for the recipient."""
    exp = now_ms // 1000 + valid_s
    return Claims("link", recipient_id, secrets.token_hex(8), exp, made_ms=now_ms)


class TokenError(ValueError):
    """The token is no token of this installation, is of another kind, or has ended. The message never holds the token."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Claims)


def issue(key: bytes, claims: Claims) -> str:
    """The token that says `claims`."""
    return sign(key, _PREFIX, _encoder.encode(claims))


def claims_of(token: str) -> Claims | None:
    """What a token says, unchecked: for its holder, who has no key. None for what is no token."""
    try:
        return _decoder.decode(unchecked(token))
    except ValueError:
        return None


@lru_cache(4096)
def _signed_claims(key: bytes, token: str) -> Claims:
    """What a token says that this installation has signed. Raises `SignatureError`, which is not remembered.

    A device sends the same token with each request: its signature was a tenth of what a request with one event costs.
    """
    return _decoder.decode(unsigned(key, _PREFIX, token))


def verify(key: bytes, token: str, now_s: float, *kinds: TokenKind) -> Claims:
    """The token's claims. Raises `TokenError` if it is not ours, not of one of `kinds`, or over.

    `now_s`: epoch seconds, real time.
    """
    try:
        claims = _signed_claims(key, token)
    except SignatureError as error:
        raise TokenError(f"not a Pantau token: {error}") from None
    if claims.kind not in kinds:
        raise TokenError(f"a token of kind {claims.kind} is not accepted here")
    if claims.exp is not None and claims.exp <= now_s:
        raise TokenError("the token has ended")
    return claims
