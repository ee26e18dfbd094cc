"""How soon, how often and how much people are written to."""

from __future__ import annotations

from dataclasses import dataclass

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Milliseconds of the region's clock, unless said."""

    settle_ms: int = 5_000
    """What happens within this is one message."""
    fold_ms: int = 15 * _MINUTE_MS
    """Least time between two messages to one person."""
    siaga_fold_ms: int = 2 * _MINUTE_MS
    """The same, where a message is about something of severity siaga."""
    per_hour: int = 4
    """Messages to one person in any hour; those about siaga are counted, but not stopped."""
    escalate_waspada_ms: int = 60 * _MINUTE_MS
    escalate_siaga_ms: int = 15 * _MINUTE_MS
    """Unacknowledged for so long, the next step is written to; pantau never is."""
    lines: int = 8
    """Lines of a message; what does not fit is counted."""

    def steps(self, severity: int, open_ms: int) -> int:
        """The highest step that is written to of what is unacknowledged for `open_ms`."""
        patience = {2: self.escalate_waspada_ms, 3: self.escalate_siaga_ms}.get(severity)
        return 1 if patience is None else 1 + max(0, open_ms) // patience
