"""Ports for what a test starts."""

from __future__ import annotations

import os
from typing import Final

from engines.kafka import broker

_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST: Final = 20_000 + _WORKER % 5 * 2_000
_OWN: Final = range(_FIRST, _FIRST + 2_000)
"""Of this worker: what another one picks is free until its service has begun, seconds later."""


def pick_port() -> int:
    """A port that is free now and that no other worker will pick."""
    return broker.pick_port(among=_OWN)
