"""What is stored of an event beside its time: one function an event type, each in the module of its metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from contracts.events.event_types import Heartbeat, Retracted
from streams.core.history.event_kinds import KIND_OF
from streams.core.metrics import clinic, kitchen, reception

UNCOUNTED: Final = frozenset({KIND_OF[Heartbeat], KIND_OF[Retracted]})
"""Kinds that add nothing to any sum."""

PAYLOAD_OF: Final[dict[Any, Callable[..., Any]]] = {
    **kitchen.PAYLOADS,
    **clinic.PAYLOADS,
    **reception.PAYLOADS,
}
"""Event type -> function that gives the payload of its fact; types without a payload are not in it.

Its arguments: the event; the row of its `subject` in force, or of a recipient's event `reception.ServedHere`; the local
time of day in ms; the thresholds.
"""
