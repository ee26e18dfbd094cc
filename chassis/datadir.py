"""The data dir of one installation: where everything lies that outlives a process."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from chassis.operator_error import OperatorError

KEY_BYTES: Final = 32
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
ACCOUNTS: Final = ("writer", "analyst")
"""ClickHouse accounts: `writer` for sink, migrations and audit; `analyst` reads public views."""


class _Stamp(msgspec.Struct):
    mode: str


class DataDirError(OperatorError):
    """The data dir lacks something or holds what it must not. The message says what to do."""


def keep_private() -> None:
    """Let all that this process and its children make be for their user only. Call it first thing in `main`.

    Broker, engine and libraries make files that no code of ours gives a mode.
    """
    os.umask(0o077)


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` in one step, for its owner only: a reader sees the old or the new, never a part."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


class FileLock:
    """A lock of one process on the file `path`, which is made and never removed. It ends with the process, however that ends.

    The end of a `with` block releases it.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)

    def take(self) -> bool:
        """Take it; False if another has it."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        """Take it once no other has it."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def write_owner(self) -> None:
        """Name this process in the file. Call it only after the lock is taken."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def owner(self) -> str:
        """Process id of who wrote itself into the file last, or `unknown`."""
        return os.pread(self._handle, 32, 0).decode(errors="replace").strip() or "unknown"

    def release(self) -> None:
        """Let another take it. Call it once."""
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


class DataDir:
    """Paths and small files of the installation in `path`. Folders are made when asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make the folder, for its owner only. An empty one, or one of an older release, is closed to others."""
        self.path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        shared = self.path.stat().st_mode & stat.S_ISVTX
        # `--data-dir /tmp` must not take /tmp from everybody.
        if not shared and (self.stamp_file.exists() or not any(self.path.iterdir())):
            self.path.chmod(FOLDER_MODE)

    def _folder(self, name: str) -> Path:
        folder = self.path / name
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        return folder

    @property
    def kafka(self) -> Path:
        """Of the broker started here."""
        return self._folder("kafka")

    @property
    def clickhouse(self) -> Path:
        """Of the embedded ClickHouse."""
        return self._folder("clickhouse")

    @property
    def secrets(self) -> Path:
        """Key, accounts and dev tokens."""
        return self._folder("secrets")

    @property
    def run(self) -> Path:
        """One file a running service: pid, health URL, ports."""
        return self._folder("run")

    @property
    def logs(self) -> Path:
        """One file a service."""
        return self._folder("logs")

    @property
    def clock_file(self) -> Path:
        """Segments of the demo clock."""
        return self.path / "clock.json"

    @property
    def clock_reached_file(self) -> Path:
        """How far the demo clock has come: epoch milliseconds, noted while it runs."""
        return self.path / "clock.reached.json"

    @property
    def stamp_file(self) -> Path:
        """Says whether the dir holds real or simulated events."""
        return self.path / "stamp.json"

    @property
    def is_simulated(self) -> bool:
        """Whether it is stamped as holding simulated events. Raises `DataDirError` for a damaged stamp."""
        try:
            content = self.stamp_file.read_bytes()
            return msgspec.json.decode(content, type=_Stamp).mode == "simulated"
        except FileNotFoundError:
            return False
        except msgspec.DecodeError as error:
            raise DataDirError(
                f"{self.stamp_file} is damaged ({error}): restore it from a backup"
            ) from None

    @property
    def tokens_file(self) -> Path:
        """Dev tokens, where they were asked for."""
        return self.secrets / "tokens.json"

    def key(self) -> bytes:
        """The installation's key, 32 bytes. Raises `DataDirError` if there is no proper one."""
        path = self.secrets / "key"
        try:
            key = bytes.fromhex(path.read_text("ascii").strip())
        except FileNotFoundError:
            raise DataDirError(
                f"{path} is missing: start the installation once with `pantau up`, "
                "or set PANTAU_SECRET_KEY"
            ) from None
        except ValueError:
            raise DataDirError(f"{path} holds no hex key: restore it from a backup") from None
        if len(key) != KEY_BYTES:
            raise DataDirError(f"{path} holds {len(key)} bytes, not {KEY_BYTES}: restore it")
        return key

    def create_key(self) -> None:
        """Make the key, unless there is one."""
        path = self.secrets / "key"
        if not path.exists():
            write_file(path, secrets.token_hex(KEY_BYTES).encode() + b"\n")

    def clickhouse_accounts(self) -> dict[str, str]:
        """Account -> password of this installation's ClickHouse.

        Raises `DataDirError` if there are none or the file is damaged.
        """
        path = self.secrets / "clickhouse.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            raise DataDirError(
                f"{path} is missing: start the installation once with `pantau up`, "
                "or set PANTAU_CLICKHOUSE_USER and PANTAU_CLICKHOUSE_PASSWORD"
            ) from None
        except msgspec.DecodeError as error:
            raise DataDirError(f"{path} is damaged ({error}): restore it from a backup") from None

    def create_clickhouse_accounts(self) -> None:
        """Make a password for each of `ACCOUNTS` that has none."""
        path = self.secrets / "clickhouse.json"
        passwords = self.clickhouse_accounts() if path.exists() else {}
        missing = [name for name in ACCOUNTS if name not in passwords]
        if missing:
            passwords |= {name: secrets.token_urlsafe(24) for name in missing}
            write_file(path, _pretty(passwords))

    def write_run(self, service: str, facts: Mapping[str, Any]) -> None:
        """Note what others need to find `service`: `pid`, `health` (its base URL), `port`."""
        write_file(self.run / f"{service}.json", _pretty(dict(facts)))

    def read_run(self, service: str) -> dict[str, Any] | None:
        """What `service` noted at its start, or None. It may have died since."""
        try:
            return msgspec.json.decode(
                (self.run / f"{service}.json").read_bytes(), type=dict[str, Any]
            )
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def remove_run(self, service: str) -> None:
        """Forget `service`."""
        (self.run / f"{service}.json").unlink(missing_ok=True)
