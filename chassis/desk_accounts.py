"""Accounts of the people of the command center: a file in the data dir, with password hashes alone."""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from chassis.datadir import DataDir, DataDirError, write_file
from chassis.operator_error import OperatorError
from contracts.tokens import Role

MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 200

_hasher: Final = PasswordHasher()
_NOBODY: Final = _hasher.hash("nobody's")
"""Checked for a user that does not exist: the time of an answer does not tell who exists."""


class DeskAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person. `hash`: argon2id of the password."""

    role: Role
    hash: str


class DeskAccounts:
    """User -> account. Read at each call, so that a change counts at once. Raises `DataDirError` for a damaged file."""

    def __init__(self, home: DataDir) -> None:
        self._path: Path = home.secrets / "desk.json"
        self._key = os.urandom(32)
        # User -> keyed digest of the password that passed, and the hash that it passed.
        self._passed: dict[str, tuple[bytes, str]] = {}

    def all(self) -> dict[str, DeskAccount]:
        """All accounts; none without a file."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, DeskAccount])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise DataDirError(f"{self._path} is damaged ({error}): restore it") from None

    def put(self, user: str, role: Role, password: str) -> None:
        """Add an account, or replace it. Raises `OperatorError` for a password that is too short or too long."""
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise OperatorError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
        self._write(self.all() | {user: DeskAccount(role, _hasher.hash(password))})

    def remove(self, user: str) -> bool:
        """False if there was none."""
        accounts = self.all()
        if accounts.pop(user, None) is None:
            return False
        self._write(accounts)
        return True

    def recognise(self, user: str, password: str) -> Role | None:
        """The role of whoever sends a password that has passed `role_of` before, and is still the account's. Fast."""
        digest, passed = self._passed.get(user, (b"", ""))
        if not hmac.compare_digest(digest, self._digest(password)):
            return None
        account = self.all().get(user)
        return account.role if account is not None and account.hash == passed else None

    def _digest(self, password: str) -> bytes:
        # Whatever text a client sends has bytes, lone surrogates too.
        return hmac.digest(self._key, password.encode(errors="surrogatepass"), "sha256")

    def role_of(self, user: str, password: str) -> Role | None:
        """The role of whoever knows the password; else None. Takes about 50 ms of CPU."""
        account = self.all().get(user)
        try:
            _hasher.verify(account.hash if account else _NOBODY, password)
        except Argon2Error:
            return None
        if account is None:
            return None
        self._passed[user] = (self._digest(password), account.hash)
        return account.role

    def _write(self, accounts: dict[str, DeskAccount]) -> None:
        write_file(self._path, msgspec.json.format(msgspec.json.encode(accounts)) + b"\n")
