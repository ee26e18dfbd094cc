"""An alert as its newest change left it, and what a person was last told of it."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from contracts.results.table_rows import AlertChangeRow
from contracts.time.instant import epoch_ms
from contracts.unreadable import UNREADABLE

SIAGA: Final = 3

Phase = Literal["open", "acknowledged", "resolved"]
What = Literal[
    "new", "again", "worse", "ran_out", "escalated", "acknowledged", "assessed", "resolved"
]
_PHASES: Final[dict[str, Phase]] = {"acknowledged": "acknowledged", "resolved": "resolved"}


class KnownAlert:
    """`since`: from when on nobody takes care of it; `ran_out`: acknowledgements that did. Times: epoch ms, 0 for none."""

    def __init__(self, row: AlertChangeRow, before: KnownAlert | None) -> None:
        self.row = row
        self.raised_at = epoch_ms(row.raised_at)
        self.updated_at = epoch_ms(row.updated_at)
        self.ack_until = epoch_ms(row.ack_until) if row.ack_until else 0
        self.evidence = _evidence(row.evidence)
        self.part_of = str(self.evidence.get("part_of") or "")
        self.since, self.ran_out = self.raised_at, 0
        if before is not None and before.raised_at == self.raised_at:
            self.since, self.ran_out = self._carried(before)

    def _carried(self, before: KnownAlert) -> tuple[int, int]:
        if before.row.state != "acknowledged" or self.row.state != "raised":
            return before.since, before.ran_out
        if 0 < before.ack_until <= self.updated_at:
            return before.ack_until, before.ran_out + 1
        return self.updated_at, before.ran_out

    @property
    def have_all_stopped(self) -> bool:
        """Of a hold: no recipient is left that somebody must see to."""
        confirmed = self.evidence.get("confirmed_count")
        return self.row.kind == "hold" and confirmed == self.evidence.get("recipient_count")

    def is_over(self, now: int) -> bool:
        """Whether its acknowledgement has run out, though no change has said so yet."""
        return self.row.state == "acknowledged" and 0 < self.ack_until <= now

    def phase(self, now: int) -> Phase:
        """As it stands at `now`."""
        return "open" if self.is_over(now) else _PHASES.get(self.row.state, "open")

    def open_since(self, now: int) -> int:
        """`since`, at `now`."""
        return self.ack_until if self.is_over(now) else self.since

    def times_ran_out(self, now: int) -> int:
        """`ran_out`, at `now`."""
        return self.ran_out + self.is_over(now)


class Notified(msgspec.Struct, array_like=True, frozen=True):
    """What a person was last told of an alert."""

    raised_at: int
    severity: int
    phase: Phase
    ran_out: int
    assessment: str


def notified_of(alert: KnownAlert, now: int) -> Notified:
    """What somebody knows who is told of `alert` now."""
    row = alert.row
    return Notified(
        alert.raised_at, row.severity, alert.phase(now), alert.times_ran_out(now), row.assessment
    )


def what_changed(alert: KnownAlert, before: Notified, now: int) -> What | None:
    """What is new in `alert` for somebody who was told `before`; None: nothing that matters."""
    phase = alert.phase(now)
    if alert.raised_at != before.raised_at:
        return "again" if phase == "open" else _ended(phase, before)
    if before.phase == "resolved":
        return None
    if phase == "resolved":
        return "resolved"
    if phase == "open" and alert.row.severity > before.severity:
        return "worse"
    if phase == "open" and alert.times_ran_out(now) > before.ran_out:
        return "ran_out"
    if phase == "acknowledged" and before.phase == "open":
        return "acknowledged"
    return "assessed" if alert.row.assessment != before.assessment else None


def _ended(phase: Phase, before: Notified) -> What | None:
    """Raised again and ended before anybody was told: to who knows of it as open, it ended."""
    return "resolved" if phase == "resolved" and before.phase != "resolved" else None


def _evidence(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except UNREADABLE:
        return {}
