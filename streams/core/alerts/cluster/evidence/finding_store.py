"""The memory of the statistics: findings of five weeks, in chunks that are written to state one by one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from streams.core.alerts.cluster.evidence.findings import (
    BatchCooked,
    ClusterAssessed,
    EventKey,
    Finding,
    MealServed,
    PatientsCounted,
    PatientSeen,
    moment_of,
)
from streams.core.alerts.cluster.evidence.ill_reports import IllReport
from streams.core.alerts.cluster.evidence.recipient_findings import RecipientFindings

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
MEALS_MS: Final = 8 * DAY_MS
"""Meals and batches are forgotten after this: no case is linked to a meal so old."""
MEMORY_MS: Final = 45 * DAY_MS
"""All else is forgotten after this: meals of a week, a gap of a week before them, 28 days of baseline, days in part."""
_EPISODE_MS: Final = 72 * HOUR_MS
"""Two reports of one patient with onsets so near are of one illness: the puskesmas and the hospital it sent to."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Finding]).decode


def chunk_of(finding: Finding) -> str:
    """Key of the chunk that holds a finding: a recipient's, a kecamatan's (patients without a recipient), a kitchen's."""
    match finding:
        case MealServed():
            return f"recipient|{finding.recipient}"
        case PatientSeen() | PatientsCounted():
            return (
                f"recipient|{finding.recipient}" if finding.recipient else f"place|{finding.place}"
            )
        case BatchCooked() | ClusterAssessed():
            return f"kitchen|{finding.source}"
        case _:
            return f"recipient|{finding.source}"


class FindingStore:
    """Findings by chunk. What it answers depends on what it holds, never on the order in which that came."""

    def __init__(self) -> None:
        self._chunks: dict[str, RecipientFindings] = {}
        self._where: dict[EventKey, str] = {}
        self._ill: dict[str, int] = {}
        self._patients: dict[str, dict[EventKey, PatientSeen]] = {}
        self._dirty: set[str] = set()
        self._touched: list[Finding] = []
        self._first: int | None = None

    def chunk(self, key: str) -> RecipientFindings:
        """The chunk, empty if nothing is known."""
        return self._chunks.get(key) or RecipientFindings()

    def with_ill(self, key: str) -> RecipientFindings | None:
        """The chunk, None if it holds no report of people ill: of most recipients there is none."""
        return self._chunks[key] if self._ill.get(key) else None

    def of_kind(self, kind: str) -> Iterator[tuple[str, RecipientFindings]]:
        """(id, chunk) of kind recipient, place or kitchen."""
        prefix = f"{kind}|"
        for key, chunk in self._chunks.items():
            if key.startswith(prefix):
                yield key[len(prefix) :], chunk

    def first_moment(self) -> int | None:
        """The moment of the oldest finding but meals and batches; None if there is none."""
        if self._first is None:
            self._first = min(
                (
                    moment_of(finding)
                    for chunk in self._chunks.values()
                    for finding in chunk.findings.values()
                    if not isinstance(finding, MealServed | BatchCooked)
                ),
                default=None,
            )
        return self._first

    def put(self, finding: Finding) -> None:
        """Adds a finding; one of the same identity is replaced."""
        self.remove((finding.source, finding.id))
        key = chunk_of(finding)
        self._chunks.setdefault(key, RecipientFindings()).put(finding)
        self._where[finding.source, finding.id] = key
        self._note(key, finding)
        self._count_ill(key, finding, 1)
        if isinstance(finding, PatientSeen):
            self._patients.setdefault(finding.patient, {})[finding.source, finding.id] = finding
            self._recount(finding.patient)

    def remove(self, event: EventKey) -> None:
        """Removes a finding; nothing if there is none of this identity."""
        key = self._where.pop(event, None)
        if key is None:
            return
        chunk = self._chunks[key]
        finding = chunk.remove(event)
        if not chunk.findings:
            del self._chunks[key]
        self._note(key, finding)
        self._count_ill(key, finding, -1)
        if isinstance(finding, PatientSeen):
            reports = self._patients[finding.patient]
            del reports[event]
            if reports:
                self._recount(finding.patient)
            else:
                del self._patients[finding.patient]

    def forget(self, as_of: int) -> None:
        """Removes what is too old to matter at `as_of`."""
        old = [
            event
            for chunk in self._chunks.values()
            for event, finding in chunk.findings.items()
            if moment_of(finding)
            < as_of - (MEALS_MS if isinstance(finding, MealServed | BatchCooked) else MEMORY_MS)
        ]
        for event in old:
            self.remove(event)

    def touched(self) -> list[Finding]:
        """Findings that came, went, or count otherwise than at the last call."""
        touched, self._touched = self._touched, []
        return touched

    def changed(self) -> dict[str, bytes | None]:
        """State records since the last call: chunk -> bytes, None where it was removed."""
        records: dict[str, bytes | None] = {}
        for key in sorted(self._dirty):
            chunk = self._chunks.get(key)
            records[key] = (
                None if chunk is None else _encode(sorted(chunk.findings.values(), key=_identity))
            )
        self._dirty.clear()
        return records

    def restore(self, records: Iterable[bytes]) -> None:
        """Takes values that `changed` gave. Raises `msgspec.MsgspecError` for anything else."""
        for value in records:
            for finding in _decode(value):
                self.put(finding)
        self._dirty.clear()

    def _recount(self, patient: str) -> None:
        """Of the reports of one patient's illness one counts: with a recipient before without, then the earliest."""
        counted: list[int] = []
        reports = self._patients[patient].values()
        for report in sorted(
            reports, key=lambda one: (not one.recipient, one.onset, one.source, one.id)
        ):
            # Onsets that count are in order: the nearest are the two beside this one.
            at = bisect_left(counted, report.onset)
            nearest = counted[max(0, at - 1) : at + 1]
            repeated = any(abs(report.onset - onset) <= _EPISODE_MS for onset in nearest)
            if not repeated:
                counted.insert(at, report.onset)
            if self._chunks[chunk_of(report)].mark(report, repeated):
                self._touched.append(report)

    def _count_ill(self, key: str, finding: Finding, more: int) -> None:
        if isinstance(finding, IllReport):
            self._ill[key] = self._ill.get(key, 0) + more
            if not self._ill[key]:
                del self._ill[key]

    def _note(self, key: str, finding: Finding) -> None:
        if self._first is not None and moment_of(finding) <= self._first:
            self._first = None
        self._dirty.add(key)
        self._touched.append(finding)


def _identity(finding: Finding) -> EventKey:
    return finding.source, finding.id
