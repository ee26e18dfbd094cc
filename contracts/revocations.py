"""Tokens made void before their end: a list of whose, and of those made until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from contracts.tokens import Claims, TokenError, TokenKind

_BECOMES: Final[Mapping[TokenKind, TokenKind]] = {
    "code": "wall",
    "enrol": "device",
    "link": "device",
}
"""What a code or a link is traded for: it is void with it."""


class Revocation(msgspec.Struct, frozen=True):
    """All tokens of `kind` and `sub` made until `until_ms` (epoch, real time) are void. Later ones are not: enrol anew."""

    kind: TokenKind
    sub: str
    until_ms: int

    @property
    def record_key(self) -> bytes:
        """One record for each of them, the newest counts."""
        return f"{self.kind}/{self.sub}".encode()


class Revocations:
    """What is revoked at this moment."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], int] = {}

    def add(self, one: Revocation) -> None:
        """From now on; an older one takes nothing back."""
        known = self._until.get((one.kind, one.sub), 0)
        self._until[one.kind, one.sub] = max(known, one.until_ms)

    def check(self, claims: Claims) -> Claims:
        """`claims`, if they still hold. Raises `TokenError`."""
        kind = _BECOMES.get(claims.kind, claims.kind)
        if claims.made_ms <= self._until.get((kind, claims.sub), -1):
            raise TokenError("the token has been revoked")
        return claims
