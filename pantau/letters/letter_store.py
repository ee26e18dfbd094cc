"""Dead letters as ClickHouse holds them, their bytes included, and what was done with each."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from storage.schema import STORE
from storage.views import PUBLIC

_Row = TypeVar("_Row")
_LETTERS: Final = f"""
SELECT v.letter_id AS letter_id, toString(v.received_at) AS received_at, v.region AS region, v.unit_id AS unit_id,
    v.code AS code, v.detail AS detail, v.attempts AS attempts, v.topic AS topic, v.partition AS partition,
    v.offset AS offset, v.line AS line, v.state AS state, s.key AS key_base64, s.bytes AS line_base64
FROM {PUBLIC}.dead_letters AS v
LEFT JOIN (SELECT letter_id, key, bytes FROM {STORE}.dead_letters FINAL) AS s ON v.letter_id = s.letter_id
WHERE {{where}}
ORDER BY v.received_at, v.topic, v.partition, v.offset, v.line
LIMIT {{{{limit:UInt32}}}}"""
_COUNTS: Final = f"""
SELECT code, state, count() AS letters, toString(min(received_at)) AS first, toString(max(received_at)) AS last
FROM {PUBLIC}.dead_letters AS v WHERE {{where}}
GROUP BY code, state ORDER BY letters DESC, code, state"""
_ACTIONS: Final = f"""
SELECT toString(at) AS at, action, attempt, by, reason, topic, partition, offset
FROM {PUBLIC}.dead_letter_actions WHERE letter_id = {{id:String}} ORDER BY at, attempt"""


class StoredLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as its last attempt left it. The key and the line are those of its first refusal, as they may be stored."""

    letter_id: str
    received_at: str
    region: str
    unit_id: str
    code: str
    detail: str
    attempts: int
    topic: str
    partition: int
    offset: int
    line: int
    state: str
    key_base64: str
    line_base64: str

    @property
    def content(self) -> bytes:
        """The line."""
        return b64decode(self.line_base64)

    @property
    def record_key(self) -> bytes:
        """The key of the record that it came in; of one that never reached a topic the unit of the token."""
        return b64decode(self.key_base64)


class LetterCount(msgspec.Struct, frozen=True):
    """How many letters of one code are in one state, and when the first and the last of them came."""

    code: str
    state: str
    letters: int
    first: str
    last: str


class PastAction(msgspec.Struct, frozen=True):
    """What was done with a letter."""

    at: str
    action: str
    attempt: int
    by: str
    reason: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters. Empty: any. `state`: open, sent, discarded or empty."""

    ids: tuple[str, ...] = ()
    code: str = ""
    unit: str = ""
    region: str = ""
    state: str = ""

    @property
    def is_empty(self) -> bool:
        """Every letter passes, whatever its state."""
        return not (self.ids or self.code or self.unit or self.region)

    def where(self) -> tuple[str, dict[str, Any]]:
        """A condition on the view as `v`, and its parameters."""
        parts = ["1"]
        given: dict[str, Any] = {}
        if self.ids:
            parts.append("v.letter_id IN {ids:Array(String)}")
            given["ids"] = list(self.ids)
        columns = {"code": self.code, "unit_id": self.unit, "region": self.region}
        for column, wanted in (columns | {"state": self.state}).items():
            if wanted:
                parts.append(f"v.{column} = {{{column}:String}}")
                given[column] = wanted
        return " AND ".join(parts), given


def _rows(client: Client, sql: str, given: dict[str, Any], row: type[_Row]) -> list[_Row]:
    found = client.query(sql, parameters=given)
    return [msgspec.convert(one, row) for one in found.named_results()]


def find(client: Client, wanted: LetterFilter, limit: int) -> Sequence[StoredLetter]:
    """The first `limit` letters of `wanted`, in the order in which they came."""
    where, given = wanted.where()
    return _rows(client, _LETTERS.format(where=where), given | {"limit": limit}, StoredLetter)


def counts(client: Client, wanted: LetterFilter) -> Sequence[LetterCount]:
    """All letters of `wanted` by code and state, the most frequent first."""
    where, given = wanted.where()
    return _rows(client, _COUNTS.format(where=where), given, LetterCount)


def actions(client: Client, letter_id: str) -> Sequence[PastAction]:
    """What was done with a letter, the first thing first."""
    return _rows(client, _ACTIONS, {"id": letter_id}, PastAction)
