"""Generations: each is one rebuild of all that is derived from the event log, beside the others.

A generation has topics, tables, a consumer group and transactional ids of its own (`topics.topic_of`,
`tables.table_of`, `topics.generation_name`); the event topics, the commands, the registry, the dead letters and the
landed lines are shared. Which one is shown is one record on the topic `generations`, signed like a control record.
"""

from __future__ import annotations

from typing import Final

import msgspec

FIRST: Final = 1
RECORD_KEY: Final = b"shown"
REVISIONS: Final = 1 << 40
"""More than any input has records. The wall's numbers are exact up to 2^53: room for 8,000 generations."""


class Generations(msgspec.Struct, frozen=True):
    """The record. `newest`: the greatest number ever given; `previous`: what was shown before and is still stored, or 0."""

    shown: int = FIRST
    newest: int = FIRST
    previous: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Generations:
        """From the record's value. Raises `UNREADABLE`."""
        return msgspec.json.decode(value, type=cls)

    def encode(self) -> bytes:
        """The record's value."""
        return msgspec.json.encode(self)

    def begin(self) -> Generations:
        """One more number is given away: that of a rebuild. A number is never used twice."""
        return msgspec.structs.replace(self, newest=self.newest + 1)

    def show(self, generation: int) -> Generations:
        """`generation` is shown from now on; what was shown before is retained."""
        return msgspec.structs.replace(self, shown=generation, previous=self.shown)

    def drop_previous(self) -> Generations:
        """The generation shown before is no longer retained."""
        return msgspec.structs.replace(self, previous=0)


def revision_base(generation: int) -> int:
    """Added to a row's revision, so that it grows also where a rebuilt row takes the place of another."""
    return (generation - FIRST) * REVISIONS


def service_name(service: str, assigned: int) -> str:
    """Name that a service gives itself. `assigned`: the generation it was started for, beside the installation's own; else 0."""
    return f"{service}.g{assigned}" if assigned else service
