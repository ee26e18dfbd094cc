"""When a delivery that failed is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds of real time."""

    first_s: float = 5.0
    longest_s: float = 600.0
    give_up_s: float = 6 * 3_600.0
    """What could not be delivered for so long is no news any more."""
    at_once: int = 8
    """Deliveries under way."""
    silent_s: float = 120.0
    """A channel that has failed for so long is trouble."""

    def delay_s(self, attempts: int, chance: float, after_s: float) -> float:
        """After `attempts` failures; `chance` in 0..1 spreads those of a broken receiver; `after_s`: what it asked for."""
        delay = min(self.first_s * 2.0 ** min(attempts, 30), self.longest_s)
        return max(delay * (0.5 + chance / 2), after_s)
