"""Tokens at the gateway: which are accepted, and what a page may trade for one.

A page gets its first token with a one-time code.
"""

from __future__ import annotations

import secrets
from typing import Final

from chassis.datadir import DataDir
from chassis.used_codes import UsedCodes
from contracts.revocations import Revocations
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, Role, TokenError, TokenKind, issue, verify

WALL_DAYS: Final = 30
"""A wall's token lives this long and is renewed by the page every day: walls run unattended."""
OPERATOR_HOURS: Final = 12
"""A person's token lives for a shift; then the password is asked for again."""
_DAY_S: Final = 86_400
_MAX_TOKEN: Final = 4096


def now_s() -> float:
    """Real time, epoch seconds."""
    return real_now_ms() / 1000


class Tokens:
    """Checks and issues tokens under the installation's key."""

    def __init__(self, key: bytes, data_dir: DataDir, revoked: Revocations) -> None:
        self._key = key
        self._revoked = revoked
        self._used = UsedCodes(data_dir)

    def verify(self, token: str, *kinds: TokenKind) -> Claims:
        """Claims of a token of `kinds` (none: wall or operator). Raises `TokenError`."""
        if len(token) > _MAX_TOKEN or not token.isascii():
            raise TokenError("not a Pantau token")
        return self.check(verify(self._key, token, now_s(), *(kinds or ("wall", "operator"))))

    def check(self, claims: Claims) -> Claims:
        """`claims`, if they have not been revoked since. Raises `TokenError`."""
        return self._revoked.check(claims)

    def login(self, code: str) -> tuple[str, int]:
        """Trade a one-time code for a wall token and its end (epoch seconds). Raises `TokenError`, also for a used code."""
        claims = self.verify(code, "code")
        if not self._used.use(claims):
            raise TokenError("the code has been used: ask for a new one")
        return self._wall(claims)

    def renew(self, token: str) -> tuple[str, int]:
        """A fresh token for a wall whose token is still valid. Raises `TokenError`."""
        return self._wall(self.verify(token, "wall"))

    def operator(self, user: str, role: Role) -> tuple[str, int]:
        """A token for a person who has shown who it is, and its end (epoch seconds)."""
        now_ms = real_now_ms()
        exp = now_ms // 1000 + OPERATOR_HOURS * 3600
        jti = secrets.token_urlsafe(12)
        claims = Claims("operator", user, jti, exp, made_ms=now_ms, role=role)
        return issue(self._key, claims), exp

    def _wall(self, before: Claims) -> tuple[str, int]:
        now_ms = real_now_ms()
        exp = now_ms // 1000 + WALL_DAYS * _DAY_S
        claims = Claims("wall", before.sub, secrets.token_urlsafe(12), exp, before.regions, now_ms)
        return issue(self._key, claims), exp
