"""One valid event of each type: for the tests of every room."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any, Final

from contracts.events.event_types import TYPES
from producers.ingest.requests.example_events import CLINIC as CLINIC
from producers.ingest.requests.example_events import KITCHEN as KITCHEN
from producers.ingest.requests.example_events import REGION as REGION
from producers.ingest.requests.example_events import SCHOOL as SCHOOL
from producers.ingest.requests.example_events import example_event

TIME: Final = "2026-11-24T10:15:30.120+07:00"
TIME_MS: Final = 1_795_490_130_120
RECEIVED: Final = "2026-11-24T03:15:32Z"
CHILD: Final = "0f" * 16

_EXAMPLES: Final = {type_: example_event(type_, datetime.fromisoformat(TIME)) for type_ in TYPES}
DATA: Final[dict[str, dict[str, Any]]] = {type_: one["data"] for type_, one in _EXAMPLES.items()}
"""Type -> valid `data` with every optional field."""


def event(type_: str, **overrides: Any) -> dict[str, Any]:
    """A valid event of `type_`.

    `overrides` replace attributes (`...` removes one); `data` is merged in the same way.
    """
    made = copy.deepcopy(
        _EXAMPLES.get(type_) or _EXAMPLES["unit.heartbeat"] | {"type": type_, "data": {}}
    )
    merged = {**made, **overrides}
    if isinstance(overrides.get("data"), dict):
        merged["data"] = {
            k: v for k, v in {**made["data"], **overrides["data"]}.items() if v is not ...
        }
    return {name: value for name, value in merged.items() if value is not ...}


def line(type_: str, **overrides: Any) -> bytes:
    """`event` as a line of JSON, without a newline."""
    return json.dumps(event(type_, **overrides), separators=(",", ":"), ensure_ascii=False).encode()
