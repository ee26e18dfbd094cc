"""Accounts of the embedded ClickHouse, which has none of its own: salted hashes in a file.

`accounts.json` (mode 0600) in the server's folder: `{name: {"salt": hex, "hash": hex}}`. What an
account may do is not in the file but here: its name says which `Profile` it has.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from chassis.datadir import ACCOUNTS, write_file
from chassis.operator_error import OperatorError
from contracts.results.databases import ANALYST_DATABASE

FILE: Final = "accounts.json"

_SALT_BYTES: Final = 16
_SCRYPT_N: Final = 2**14
_SCRYPT_R: Final = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account may do.

    `guarded`: its statements pass `guard` and it can't change settings beyond `at_most`.
    `settings`: set before each statement, as SQL literals. `at_most`: setting -> greatest value
    that it may ask for. `database`: the one it starts in. `body_bytes`: of a request, unpacked.
    """

    guarded: bool
    database: str
    body_bytes: int
    settings: Mapping[str, str] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)


_METADATA_FILTER: Final = (
    f"{{'system.tables': 'database = \\'{ANALYST_DATABASE}\\'',"
    f" 'system.columns': 'database = \\'{ANALYST_DATABASE}\\'',"
    f" 'system.databases': 'name = \\'{ANALYST_DATABASE}\\''}}"
)

WRITER: Final = Profile(
    guarded=False,
    database="default",
    body_bytes=512 << 20,
    # Batches come from the sink: waiting to merge them with others would only cost time.
    settings=MappingProxyType({"async_insert": "0"}),
)
ANALYST: Final = Profile(
    guarded=True,
    database=ANALYST_DATABASE,
    body_bytes=4 << 20,
    settings=MappingProxyType(
        {
            "max_execution_time": "60",
            "max_result_rows": "2000000",
            "max_result_bytes": "500000000",
            "max_memory_usage": "800000000",
            "max_threads": "2",
            "max_query_size": "262144",
            "additional_table_filters": _METADATA_FILTER,
        }
    ),
    at_most=MappingProxyType(
        {
            "max_execution_time": 60,
            "max_result_rows": 2_000_000,
            "max_result_bytes": 500_000_000,
            "max_memory_usage": 800_000_000,
            "max_threads": 2,
            "max_block_size": 1_000_000,
        }
    ),
)
PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({"writer": WRITER, "analyst": ANALYST})


class AccountsError(OperatorError):
    """The accounts file is missing or damaged. The message says what to do."""


class _Stored(msgspec.Struct, frozen=True):
    salt: str
    hash: str


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_SCRYPT_N, r=_SCRYPT_R, p=1)


def write_accounts(folder: Path, passwords: Mapping[str, str]) -> None:
    """Let `passwords` (account -> password, accounts of `PROFILES` only) be those of `folder`."""
    unknown = sorted(passwords.keys() - PROFILES.keys())
    if unknown:
        raise AccountsError(f"unknown accounts {unknown}: there are {sorted(PROFILES)}")
    stored = {}
    for name, password in passwords.items():
        salt = os.urandom(_SALT_BYTES)
        stored[name] = _Stored(salt.hex(), _hash(password, salt).hex())
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / FILE, msgspec.json.encode(stored) + b"\n")


def create_accounts(folder: Path) -> dict[str, str]:
    """Make new passwords for all accounts of `folder`; returned here and never again."""
    passwords = {name: secrets.token_urlsafe(32) for name in ACCOUNTS}
    write_accounts(folder, passwords)
    return passwords


class Accounts:
    """Checks passwords. Holds no password: only the salted hashes, and digests of good ones."""

    def __init__(self, stored: Mapping[str, _Stored]) -> None:
        self._stored = stored
        # scrypt takes 50 ms on purpose; a password that passed is recognised by a keyed digest.
        self._key = os.urandom(32)
        self._passed: dict[str, bytes] = {}

    @classmethod
    def load(cls, folder: Path) -> Accounts:
        """Read `accounts.json` in `folder`. Raises `AccountsError`."""
        path = folder / FILE
        try:
            stored = msgspec.json.decode(path.read_bytes(), type=dict[str, _Stored])
        except FileNotFoundError:
            raise AccountsError(
                f"{path} is missing: `pantau up` makes it, "
                "or run python -m engines.clickhouse with --create-accounts once"
            ) from None
        except msgspec.DecodeError as error:
            raise AccountsError(f"{path} is damaged ({error}): delete it and start again") from None
        return cls(stored)

    def remember(self, passwords: Mapping[str, str]) -> None:
        """Recognise `passwords` (account -> password) at once; they must be those of the hashes."""
        for name, password in passwords.items():
            self._passed[name] = hmac.digest(self._key, password.encode(), "sha256")

    def recognise(self, name: str, password: str) -> bool:
        """Whether this password has passed `check` before. Fast."""
        digest = hmac.digest(self._key, password.encode(), "sha256")
        return hmac.compare_digest(self._passed.get(name, b""), digest)

    def check(self, name: str, password: str) -> bool:
        """Whether `password` is that of `name`. Takes 50 ms, for unknown names too."""
        stored = self._stored.get(name)
        salt = bytes.fromhex(stored.salt) if stored else bytes(_SALT_BYTES)
        wanted = bytes.fromhex(stored.hash) if stored else b""
        good = hmac.compare_digest(_hash(password, salt), wanted) and name in PROFILES
        if good:
            self.remember({name: password})
        return good
