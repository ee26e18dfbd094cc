"""Tokens at the gateway: which are accepted, and what a page may trade for one.

A page gets its first token with a one-time code. What is used is remembered in the data dir, so
that a code works once even across restarts and gateways on one data dir.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from chassis.datadir import DataDir, DataDirError, write_file
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
        self._used = UsedCodes(data_dir.secrets / "used_codes.json")

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

    def _wall(self, held: Claims) -> tuple[str, int]:
        now_ms = real_now_ms()
        exp = now_ms // 1000 + WALL_DAYS * _DAY_S
        claims = Claims("wall", held.sub, secrets.token_urlsafe(12), exp, held.regions, now_ms)
        return issue(self._key, claims), exp


class UsedCodes:
    """jti -> epoch second at which the code ends anyway (null: never), as JSON in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def use(self, claims: Claims) -> bool:
        """Note the code as used; False if it was. On disk before it returns."""
        with self._locked():
            now = now_s()
            used = {jti: exp for jti, exp in self._read().items() if exp is None or exp > now}
            if claims.jti in used:
                return False
            used[claims.jti] = claims.exp
            write_file(self._path, msgspec.json.encode(used))
            return True

    def _read(self) -> dict[str, int | None]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int | None])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise DataDirError(
                f"{self._path} is damaged ({error}): remove it once no open code is left"
            ) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
