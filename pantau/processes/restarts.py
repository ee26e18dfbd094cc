"""When a part that died is started again, and when that is no use. Pure: times are inputs."""

from __future__ import annotations

from collections import deque
from typing import Final

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 10.0
SETTLED_S: Final = 60.0
"""A part that lived this long starts again at once the next time."""
DEATHS: Final = 5
"""So many deaths within `SETTLED_S` before it was ever ready: it will not come up."""


class Restarts:
    """The record of one part. Once it has been ready it is restarted for ever: what kills it then lies outside."""

    def __init__(self) -> None:
        self._delay_s = FIRST_DELAY_S
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._was_ready = False

    def ready(self) -> None:
        """It has come up once."""
        self._was_ready = True

    def died(self, now_s: float, lived_s: float) -> float | None:
        """Seconds to wait before the next start, None to give up. `now_s`: any steady clock."""
        if lived_s >= SETTLED_S:
            self._delay_s = FIRST_DELAY_S
            self._deaths.clear()
        self._deaths.append(now_s)
        spread_s = now_s - self._deaths[0]
        if not self._was_ready and len(self._deaths) == DEATHS and spread_s <= SETTLED_S:
            return None
        delay_s = self._delay_s
        self._delay_s = min(self._delay_s * 2, LONGEST_DELAY_S)
        return delay_s
