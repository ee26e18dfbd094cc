"""Settings that a request asks for, under the rules of its account, as on a server.

A guarded account may shape its output and lower its limits. A limit above its own is cut to it, and the
answer says so; a setting that repeats its value passes; any other change is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engines.clickhouse.accounts import Profile
from engines.clickhouse.engine import EngineSession, quoted
from engines.clickhouse.engine_errors import refused
from engines.clickhouse.protocol import Asked, words

_SHAPING: Final = ("output_format_", "date_time_", "format_csv_", "format_tsv_")
"""Prefixes of settings that only shape text. Not all of `format_`: templates are read from files."""
_TAKEN: Final = words(
    "session_timezone max_block_size extremes async_insert wait_for_async_insert "
    "join_use_nulls prefer_column_name_to_alias cast_keep_nullable"
)
"""Settings that change no limit: of a result's shape, or of inserts, which guarded accounts lack."""
_READS: Final = 1
_READS_ONLY_BUT_SETTINGS: Final = 2


@dataclass(frozen=True, slots=True)
class GrantedSettings:
    """A session, and what was cut: setting -> the limit that holds instead."""

    session: EngineSession
    cut: Mapping[str, int]


def may_set(profile: Profile, name: str) -> bool:
    """Whether a guarded account of `profile` may change the setting `name`."""
    shaping = name.startswith(_SHAPING) and "path" not in name and "schema" not in name
    return shaping or name in _TAKEN or name in profile.at_most


def granted(
    asked: Asked, profile: Profile, reads_only: bool, defaults: Mapping[str, str]
) -> GrantedSettings:
    """The session that `asked` gets. `defaults`: value of each setting before it.

    Raises ClickHouseError: unknown setting, a change that the account may not make.
    """
    settings = dict(profile.settings)
    if not profile.guarded:
        settings |= {name: quoted(value) for name, value in asked.settings.items()}
        readonly = _READS_ONLY_BUT_SETTINGS if reads_only else 0
        database = asked.database or profile.database
        return GrantedSettings(
            EngineSession(database, settings, asked.parameters, asked.query_id, readonly), {}
        )
    cut = {}
    for name, value in asked.settings.items():
        most = profile.at_most.get(name)
        if most is not None:
            wanted = _number(name, value)
            if not 0 < wanted <= most:
                cut[name] = most
            settings[name] = str(cut.get(name, wanted))
        elif may_set(profile, name):
            settings[name] = quoted(value)
        elif not _repeats(name, value, profile, defaults):
            raise refused(164, "READONLY", f"Cannot modify '{name[:80]}' setting in readonly mode")
    if asked.database not in (None, "", "default", profile.database):
        raise refused(497, "ACCESS_DENIED", "This database is not for analysts")
    session = EngineSession(profile.database, settings, asked.parameters, asked.query_id, _READS)
    return GrantedSettings(session, cut)


def _number(name: str, value: str) -> int:
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        raise refused(72, "CANNOT_PARSE_NUMBER", f"Setting {name} must be a number") from None


def _repeats(name: str, value: str, profile: Profile, defaults: Mapping[str, str]) -> bool:
    if name == "readonly":
        return value in ("1", "2")
    if name not in defaults:
        raise refused(115, "UNKNOWN_SETTING", f"Unknown setting '{name[:80]}'")
    switches = {"true": "1", "false": "0"}
    before = profile.settings.get(name, defaults[name])
    return switches.get(value.lower(), value) == switches.get(before.lower(), before)
