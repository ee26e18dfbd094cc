"""What a retry would send, and where: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.events.checks import check
from contracts.events.codes import Code, Refusal
from contracts.events.decode import decode_line, origin_of
from contracts.events.event_types import MAX_EVENT_BYTES
from contracts.events.partition import partition_of
from contracts.registry.entities import Registry
from contracts.results.topics import EVENT_TOPICS, TOPIC_OF_KIND
from pantau.letters.letter_store import StoredLetter

_NOT_AGAIN: Final = {
    Code.NIK: "the digits of the NIK are not stored: its source must send it without them",
    Code.TOO_LARGE: "only its beginning is stored: its source must send it in pieces",
    Code.MORE_REFUSED: "it counts others and has no line of its own",
    # The token was of another unit: sent again from here it would pass as that unit's.
    Code.FOREIGN_SOURCE: "it is of another unit than the token was: that unit must send it",
}

_LAST_DAY: Final = 10**6
"""Later than any `valid_from`."""


class PlannedRetry(NamedTuple):
    """One letter's line, ready to send.

    `refusal`: why it would be refused again, as far as can be known before (not a conflict, say); None: it should pass.
    """

    letter: StoredLetter
    topic: str
    partition: int
    key: bytes | None
    refusal: Refusal | None


class NoRetry(NamedTuple):
    """A letter that cannot be sent again, and why."""

    letter: StoredLetter
    why: str


def plan(
    letter: StoredLetter, registry: Registry, partitions: Mapping[str, int], now_ms: int
) -> PlannedRetry | NoRetry:
    """Where the line of `letter` belongs, and whether it would pass at `now_ms`, the region's clock.

    `partitions`: count of each event topic. The topic and the partition are those of the unit that the line names,
    so that it lies behind what that unit has sent; of a line that names none, where it lay.
    """
    if letter.state != "open":
        return NoRetry(letter, f"it is {letter.state}, not open")
    if letter.code in _NOT_AGAIN:
        return NoRetry(letter, _NOT_AGAIN[Code(letter.code)])
    line = letter.content
    if not line or b"\n" in line or len(line) > MAX_EVENT_BYTES:
        return NoRetry(letter, "it is no line of an event: its source must send it again")
    item = decode_line(line)
    refusal = item if isinstance(item, Refusal) else check(item, registry, now_ms)
    unit, kind = _unit_of(item.source)
    token = letter.record_key.decode("utf-8", "replace")
    if unit and letter.topic not in EVENT_TOPICS and unit != token:
        # It failed on something else before anybody asked whose it is.
        return NoRetry(letter, _NOT_AGAIN[Code.FOREIGN_SOURCE])
    if not unit:
        unit, kind = token, _kind_of(registry, token)
    topic = TOPIC_OF_KIND.get(kind, letter.topic)
    if topic not in EVENT_TOPICS:
        return NoRetry(letter, "neither the line nor its token names a unit of the registry")
    if kind:
        return PlannedRetry(letter, topic, partition_of(unit, partitions[topic]), unit.encode(), refusal)  # fmt: skip
    return PlannedRetry(letter, topic, letter.partition, letter.record_key or None, refusal)


def _unit_of(source: str | None) -> tuple[str, str]:
    try:
        origin = origin_of(source or "")
    except ValueError:
        return "", ""
    return origin.unit_id, origin.kind


def _kind_of(registry: Registry, unit_id: str) -> str:
    """Kind of the unit or recipient in the newest row that the registry has of it; empty if it has none."""
    if registry.region_of_recipient(unit_id) is not None:
        return "recipient"
    region = registry.region_of_unit(unit_id)
    unit = registry.unit(unit_id, _LAST_DAY) if region is not None else None
    return unit.kind if unit is not None else ""
