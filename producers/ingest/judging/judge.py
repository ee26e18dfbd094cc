"""Lines to accepted ones, stamped, and refused ones.

The rules themselves are `contracts.events.decode` and `contracts.events.checks`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from chassis.http.problems import Problem
from contracts.events.checks import check_data, check_registered, check_time, named_in
from contracts.events.codes import Code, Refusal
from contracts.events.decode import decode_line, decode_lines, origin_of
from contracts.events.event_types import Event
from contracts.events.identity import stamp
from contracts.events.lines import MAX_SPLIT_BYTES
from contracts.events.nik import redact_nik
from contracts.registry.entities import Registry
from contracts.results.topics import TOPIC_OF_KIND
from contracts.time.clock import Clock, rfc3339
from producers.ingest.requests.body import Item, bad_request

_CHUNK: Final = 500
_CHUNK_BYTES: Final = 128 * 1024
"""Items, and bytes, judged before others get a turn: about 10 ms."""


@dataclass(slots=True)
class Rejected:
    """A refused item and its place in the request. `refusal.line` holds what may be stored of it."""

    index: int
    refusal: Refusal


@dataclass(slots=True)
class Verdicts:
    """What became of one request's items.

    `accepted`: topic -> stamped lines, in the request's order.
    """

    accepted: dict[str, list[bytes]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    latest_ms: int = 0
    """Greatest `time` of an accepted event, epoch ms."""
    own: int = 0
    """Items that name the token's unit ..."""
    foreign: int = 0
    """... and those that name another."""

    @property
    def accepted_count(self) -> int:
        """Events accepted."""
        return sum(map(len, self.accepted.values()))


def _decoded(items: Sequence[Item]) -> list[Event | Refusal]:
    """One result an item."""
    if len(items) == 1:
        return [decode_line(items[0].line)]
    value = b"\n".join(item.line for item in items)
    if len(value) <= MAX_SPLIT_BYTES and value.count(b"\n") == len(items) - 1:
        return decode_lines(value)
    return [decode_line(item.line) for item in items]


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    start = size = 0
    for at, item in enumerate(items):
        size += len(item.line)
        if size >= _CHUNK_BYTES or at - start >= _CHUNK:
            yield items[start : at + 1]
            start, size = at + 1, 0
    if start < len(items):
        yield items[start:]


def _unit_named(source: str | None) -> str | None:
    if source is None:
        return None
    try:
        return origin_of(source).unit_id
    except ValueError:
        return None


class Judge:
    """Judges items of one unit against the registry at the region's clock."""

    def __init__(self, unit_id: str, registry: Registry, clock: Clock) -> None:
        self._unit_id = unit_id
        self._registry = registry
        self._clock = clock
        self._verdicts = Verdicts()
        region = registry.region_of_source(unit_id)
        self._day_of = None if region is None else registry.zone(region).day_and_offset
        # Events whose registered facts were found in order: all of a type and local day that name the same are.
        self._registered: set[tuple[type[Event], str, str | None, int]] = set()

    async def verdicts(self, items: Sequence[Item]) -> Verdicts:
        """Judge all `items`; gives way to other requests now and then.

        Raises `Problem`: 400 if nothing parses, 403 if events are of other units only.
        """
        for number, chunk in enumerate(_chunks(items)):
            if number:
                await asyncio.sleep(0)
            self._chunk(chunk)
        found = self._verdicts
        if items and len(items) == sum(one.refusal.code is Code.NOT_JSON for one in found.rejected):
            raise bad_request("Nothing of the body is JSON in UTF-8.")
        if found.foreign and not found.own:
            raise Problem(
                403, "Forbidden", f"The token is of unit {self._unit_id}, no event here is of it."
            )
        return found

    def _chunk(self, items: Sequence[Item]) -> None:
        now_ms = self._clock.now_ms()
        received = rfc3339(now_ms)
        for item, result in zip(items, _decoded(items), strict=True):
            if isinstance(result, Refusal):
                self._refuse(item, result, _unit_named(result.source))
            else:
                self._judge(item, result, now_ms, received)

    def _judge(self, item: Item, event: Event, now_ms: int, received: str) -> None:
        unit_id = event.origin.unit_id
        if unit_id != self._unit_id:
            detail = f"source names another unit than the token's, {self._unit_id}"
            refusal: Refusal | None = Refusal(
                Code.FOREIGN_SOURCE, detail, id=event.id, source=event.source
            )
        else:
            refusal = self._refusal(event, now_ms)
        if refusal is not None:
            redacted = msgspec.structs.replace(refusal, line=redact_nik(item.line))
            self._refuse(item, redacted, unit_id)
            return
        self._verdicts.own += 1
        self._verdicts.latest_ms = max(self._verdicts.latest_ms, event.time_ms)
        topic = TOPIC_OF_KIND[event.origin.kind]
        self._verdicts.accepted.setdefault(topic, []).append(stamp(item.line, received))

    def _refusal(self, event: Event, now_ms: int) -> Refusal | None:
        """As `contracts.events.checks.check`, which asks the registry anew for each event."""
        refusal = check_time(event, now_ms)
        if refusal is not None:
            return refusal
        # The registry refuses every event of a unit that it does not know: none of them is remembered.
        day = 0 if self._day_of is None else self._day_of(event.time_ms)[0]
        key = (type(event), event.source, named_in(event), day)
        if key not in self._registered:
            refusal = check_registered(event, self._registry)
            if refusal is not None:
                return refusal
            self._registered.add(key)
        return check_data(event)

    def _refuse(self, item: Item, refusal: Refusal, unit_id: str | None) -> None:
        found = self._verdicts
        if unit_id == self._unit_id:
            found.own += 1
        elif unit_id is not None:
            found.foreign += 1
        found.rejected.append(Rejected(item.place, refusal))


def count_codes(rejected: Sequence[Rejected]) -> Counter[Code]:
    """How many of each code."""
    return Counter(one.refusal.code for one in rejected)
