"""What is stored of an event beside its time: one function an event type, each in the module of its metrics."""

from __future__ import annotations

from typing import Any, Final

from contracts.events.event_types import Event, Heartbeat, Retracted
from contracts.registry.entities import Recipient, Thresholds
from streams.core.history.event_kinds import KIND_OF
from streams.core.metrics import clinic, kitchen

UNCOUNTED: Final = frozenset({KIND_OF[Heartbeat], KIND_OF[Retracted]})
"""Kinds that add nothing to any sum."""

_PAYLOADS: Final = {**kitchen.PAYLOADS, **clinic.PAYLOADS}


def payload_of(
    event: Event, recipient: Recipient | None, ms_of_day: int, limits: Thresholds
) -> Any:
    """The payload of the event's fact; None for types that have none.

    `recipient`: the row of `subject` in force; `ms_of_day`: local time of day of the event.
    """
    payload = _PAYLOADS.get(type(event))
    return None if payload is None else payload(event, recipient, ms_of_day, limits)
