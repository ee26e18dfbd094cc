"""Tokens: for one device, for a page that opens the wall, and the file of dev tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Final, get_args

import msgspec

from chassis.datadir import DataDir, write_file
from chassis.desk_accounts import DeskAccounts
from chassis.kafka.cluster import password_of
from chassis.settings import Settings
from contracts.registry.region_rows import RegionRegistry
from contracts.time.clock import real_now_ms
from contracts.tokens import (
    Claims,
    Role,
    TokenKind,
    device_claims,
    issue,
)

_CODE_S: Final = 600
_QUESTION_S: Final = 60
_DEV_WALL_S: Final = 30 * 86_400


def _claims(kind: TokenKind, sub: str, valid_s: int | None = None) -> Claims:
    exp = None if valid_s is None else real_now_ms() // 1000 + valid_s
    return Claims(kind, sub, secrets.token_hex(8), exp, made_ms=real_now_ms())


def device_token(key: bytes, unit_id: str) -> str:
    """A token with which the unit's device sends its events; its client renews it."""
    return issue(key, device_claims(unit_id, real_now_ms()))


def form_address(settings: Settings) -> str:
    """Where phones find the form."""
    return settings.form_url or f"http://{settings.host}:{settings.ingest_port}"


def phone_url(form: str, key: bytes, claims: Claims) -> str:
    """The form's address with a code (`enrol`) or a school link (`link`). In the fragment, as for walls."""
    return f"{form.rstrip('/')}/#daftar={issue(key, claims)}"


def new_wall() -> str:
    """An id for a wall: its tokens can be revoked by it."""
    return f"wall-{secrets.token_hex(3)}"


def wall_code(key: bytes, wall: str) -> str:
    """A one-time code, good for 10 minutes, that a page trades for a token of `wall`."""
    return issue(key, _claims("code", wall, _CODE_S))


def wall_url(gateway: str, key: bytes, wall: str) -> str:
    """The wall's address with a code. In the fragment, so no server, proxy or log ever sees it."""
    return f"{gateway}/#code={wall_code(key, wall)}"


def short_wall_token(key: bytes) -> str:
    """A wall token for one question of a command on this machine."""
    return issue(key, _claims("wall", "pantau-status", _QUESTION_S))


def sources_of(registries: Iterable[RegionRegistry]) -> set[str]:
    """Ids of all units and recipients: each may have a device."""
    return {
        source
        for one in registries
        for source in (
            *(unit.unit_id for unit in one.units),
            *(recipient.recipient_id for recipient in one.recipients),
        )
    }


def _desk_people(home: DataDir) -> dict[Role, dict[str, str]]:
    """An account of each role with a new password. They are made anew with the file, as the tokens are."""
    accounts = DeskAccounts(home)
    found: dict[Role, dict[str, str]] = {}
    for role in get_args(Role):
        password = secrets.token_urlsafe(12)
        accounts.put(f"dev-{role}", role, password)
        found[role] = {"user": f"dev-{role}", "password": password}
    return found


def dev_tokens(home: DataDir, key: bytes, units: Iterable[str]) -> dict[str, Any]:
    """`{"devices": {unit id: token}, "wall": token, "desk": {role: {"user", "password"}},
    "analyst": {"user", "password"}, "kafka": {"user", "password", "mechanism"}}`.

    `kafka` may write to the event topics, where Kafka's accounts are Pantau's own.
    """
    return {
        "devices": {unit: device_token(key, unit) for unit in sorted(units)},
        "wall": issue(key, _claims("wall", "dev", _DEV_WALL_S)),
        "desk": _desk_people(home),
        "analyst": {"user": "analyst", "password": home.clickhouse_accounts()["analyst"]},
        "kafka": {
            "user": "devices",
            "password": password_of(key, "devices"),
            "mechanism": "SCRAM-SHA-256",
        },
    }


def write_dev_tokens(home: DataDir, key: bytes, units: Iterable[str]) -> str:
    """Write the file of dev tokens, only for the owner; gives its path."""
    content = dev_tokens(home, key, units)
    write_file(home.tokens_file, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    return str(home.tokens_file)
