"""An alert as it is stored, what a kind finds, and the rows and live records that show it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import msgspec

from contracts.results.table_rows import AlertChangeRow
from contracts.time.instant import rfc3339

PANTAU: Final = 1
WASPADA: Final = 2
SIAGA: Final = 3

RAISED: Final = "raised"
ACKNOWLEDGED: Final = "acknowledged"
RESOLVED: Final = "resolved"

Resolution = Literal[
    "",
    "received",
    "reported_late",
    "declined",
    "day_ended",
    "nothing_received",
    "acknowledged",
    "corrected",
    "in_range",
    "heard",
    "closed",
    "as_expected",
    "72_hours",
    "valid",
    "unit_not_active",
    "no_new_case",
    "lifted",
    "batch_over",
]
"""Why an alert is over."""

MOST_EVENTS: Final = 50
"""Ids of events that the evidence names; it says how many there are."""
MOST_STORED: Final = 5_000
"""Ids of events that an alert stores: all are in one record of state, which must stay below Kafka's limit."""
_MOST_LISTED: Final = 500
"""Recipients, trips and so on that the evidence lists: a kitchen that sends thousands must not make a row that Kafka refuses."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class AlertCause(NamedTuple):
    """What a kind finds wrong at one moment. `start`: when it began, epoch ms; `events`: ids of what it depends on;
    `rule`: the limits that were passed; `more`: what else the evidence holds; `part_of`: id of the alert that has the same cause.
    """

    unit: str
    subject: str
    start: int
    severity: int
    rule: Mapping[str, Any]
    events: tuple[str, ...] = ()
    more: Mapping[str, Any] = _NOTHING
    part_of: str = ""

    @property
    def evidence(self) -> bytes:
        """As JSON."""
        evidence = {
            **{name: _listed(value) for name, value in self.more.items()},
            "events": self.events[:MOST_EVENTS],
            "event_count": len(self.events),
            "rule": self.rule,
        }
        if self.part_of:
            evidence["part_of"] = self.part_of
        return _encode(evidence)


class StepDone(msgspec.Struct, frozen=True):
    """A step of the checklist that somebody has done. `text`: as it stood then; `at`: RFC 3339."""

    step: str
    text: str
    by: str
    at: str


class Alert(msgspec.Struct, array_like=True, gc=False):
    """An alert in its latest state. Times are epoch ms on the region's clock, 0 for none.

    `key`: what its kind watches, unique in the kind; `events`: ids of all that it ever rested on; `commands`: ids of those
    that it has taken.
    """

    id: str
    kind: str
    key: str
    unit: str
    subject: str
    start: int
    short_id: str
    severity: int
    evidence: bytes
    events: list[str]
    raised_at: int
    updated_at: int
    state: str = RAISED
    resolution: str = ""
    resolved_at: int = 0
    acknowledged_by: str = ""
    acknowledged_at: int = 0
    ack_until: int = 0
    assessment: str = ""
    assessed_by: str = ""
    assessed_at: int = 0
    note: str = ""
    commands: list[str] = []
    steps: tuple[StepDone, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved."""
        return self.state != RESOLVED

    def row(self, region: str, revision: int) -> AlertChangeRow:
        """Its row of `alert_changes`."""
        return AlertChangeRow(
            id=self.id,
            short_id=self.short_id,
            region=region,
            kind=self.kind,
            severity=self.severity,
            unit_id=self.unit,
            subject=self.subject,
            state=self.state,
            resolution=self.resolution,
            raised_at=rfc3339(self.raised_at),
            updated_at=rfc3339(self.updated_at),
            resolved_at=_maybe(self.resolved_at),
            acknowledged_by=self.acknowledged_by,
            acknowledged_at=_maybe(self.acknowledged_at),
            ack_until=_maybe(self.ack_until),
            assessment=self.assessment,
            assessed_by=self.assessed_by,
            assessed_at=_maybe(self.assessed_at),
            note=self.note,
            evidence=self._shown_evidence().decode(),
            revision=revision,
        )

    def _shown_evidence(self) -> bytes:
        if not self.steps:
            return self.evidence
        return _encode(msgspec.json.decode(self.evidence) | {"steps": self.steps})


def _listed(value: Any) -> Any:
    return value[:_MOST_LISTED] if isinstance(value, list | tuple) else value


def alert_id(kind: str, cause: AlertCause) -> str:
    """The same for the same kind, unit, subject and start."""
    identity = "\0".join((kind, cause.unit, cause.subject, str(cause.start)))
    return f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:20]}"


def _maybe(time_ms: int) -> str | None:
    return rfc3339(time_ms) if time_ms else None
