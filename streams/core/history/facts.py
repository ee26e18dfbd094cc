"""A fact: what is stored of an accepted event. It never changes."""

from __future__ import annotations

from typing import Any

import msgspec


class Raw(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A line as it came: where it lies in its partition, the record's key, and its bytes."""

    offset: int
    line: int
    key: bytes
    value: bytes


class Fact(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One accepted event. Times are epoch ms.

    `kind`: number of the event type (`event_kinds.KIND_OF`); `digest`: equal for equal events;
    `payload`: what its kind adds to sums (`streams.core.metrics`); `recorded`: recordedtime;
    `target`: id of the event that it supersedes, or ''; `raw`: only with a target, for the dead letter it may become.
    """

    id: str
    digest: bytes
    kind: int
    time: int
    received: int
    recorded: int
    target: str
    payload: Any = None
    raw: Raw | None = None
