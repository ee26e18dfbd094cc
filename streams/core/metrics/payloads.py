"""What is stored of an event beside its time: one function an event type, each in the module of its metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from contracts.events.event_types import Heartbeat, Retracted
from streams.core.history.event_kinds import KIND_OF
from streams.core.metrics import clinic, kitchen

UNCOUNTED: Final = frozenset({KIND_OF[Heartbeat], KIND_OF[Retracted]})
"""Kinds that add nothing to any sum."""

PAYLOAD_OF: Final[dict[Any, Callable[..., Any]]] = {**kitchen.PAYLOADS, **clinic.PAYLOADS}
"""Event type -> function of (event, row of its `subject` in force, local time of day in ms, thresholds) that gives the
payload of its fact. Types without a payload are not in it.
"""
