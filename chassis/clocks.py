"""The clock, the key and the accounts that the settings or the data dir name."""

from __future__ import annotations

from typing import Final

import msgspec

from chassis.datadir import KEY_BYTES, DataDir, DataDirError, write_file
from chassis.settings import Settings
from contracts.time.clock import Clock, DemoClock, RealClock, Segment

ANALYST: Final = "analyst"
"""The ClickHouse account that reads views alone."""


def read_segments(data_dir: DataDir) -> list[Segment]:
    """The demo clock's segments, oldest first; empty before its first start."""
    try:
        return msgspec.json.decode(data_dir.clock_file.read_bytes(), type=list[Segment])
    except FileNotFoundError:
        return []
    except msgspec.DecodeError as error:
        raise DataDirError(
            f"{data_dir.clock_file} is damaged ({error}): restore it from a backup"
        ) from None


def append_segment(data_dir: DataDir, segment: Segment) -> None:
    """Add a line to the demo clock. Lines before it stand: what was received keeps its time."""
    segments = [*read_segments(data_dir), segment]
    write_file(data_dir.clock_file, msgspec.json.format(msgspec.json.encode(segments)))


def load_clock(settings: Settings) -> Clock:
    """The region's clock. Raises `DataDirError` for a demo clock that was never started."""
    if settings.clock == "real":
        return RealClock()
    segments = read_segments(DataDir(settings.data_dir))
    if not segments:
        raise DataDirError(
            f"{settings.data_dir} has no demo clock: start it once with `pantau up --clock demo`"
        )
    return DemoClock(segments)


def secret_key(settings: Settings) -> bytes:
    """The key of tokens and control records: from the settings, else from the data dir.

    Raises `DataDirError` if there is none or it is no hex key of 32 bytes.
    """
    given = settings.secret_key.get_secret_value()
    if not given:
        return DataDir(settings.data_dir).key()
    try:
        key = bytes.fromhex(given)
    except ValueError:
        raise DataDirError("PANTAU_SECRET_KEY is not hexadecimal") from None
    if len(key) != KEY_BYTES:
        raise DataDirError(f"PANTAU_SECRET_KEY has {len(key)} bytes: it needs {KEY_BYTES}")
    return key


def oidc_secret(settings: Settings) -> str:
    """Of this installation at the provider of log-ins: the settings', else that of the data dir; empty for a client without."""
    if given := settings.oidc_client_secret.get_secret_value():
        return given
    path = DataDir(settings.data_dir).secrets / "oidc"
    return path.read_text("utf-8").strip() if path.is_file() else ""


def clickhouse_password(settings: Settings, account: str) -> str:
    """Password of a ClickHouse account: the settings' where they give it, else the data dir's.

    Raises `DataDirError` if there is none.
    """
    own = settings.analyst_password.get_secret_value() if account == ANALYST else ""
    named = settings.clickhouse_password.get_secret_value()
    if given := own or (named if account == settings.clickhouse_user else ""):
        return given
    accounts = DataDir(settings.data_dir).clickhouse_accounts()
    if account not in accounts:
        raise DataDirError(
            f"there is no ClickHouse account {account!r} in the data dir: set "
            "PANTAU_CLICKHOUSE_PASSWORD, or PANTAU_CLICKHOUSE_USER to one of "
            f"{sorted(accounts)}"
        )
    return accounts[account]
