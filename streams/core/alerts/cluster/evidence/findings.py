"""What the statistics are fed with: one struct for each accepted event that tells them something.

Times are epoch ms, days are local days. `(source, id)` is the event's identity. An event that is corrected or retracted
is removed (`ClusterWatch.remove`), and the correction is added as an event of its own.
"""

from __future__ import annotations

from typing import Literal

import msgspec

EventKey = tuple[str, str]
"""(source, id) of an event."""


class _Finding(msgspec.Struct, array_like=True, frozen=True, gc=False):
    source: str
    id: str


class MealServed(_Finding, frozen=True, tag=1):
    """A meal of a kitchen at a recipient, from a delivery, a check of one or a report of what was eaten.

    `eaten`: the event tells when people ate, so `at` is that moment; else it is the hand-over and people eat at the
    recipient's meal time. `lots`: of the batch, where the event that names them is another one see `BatchCooked`.
    """

    kitchen: str
    recipient: str
    at: int
    portions: int
    batch: str = ""
    trip: str = ""
    eaten: bool = False


class BatchCooked(_Finding, frozen=True, tag=2):
    """A batch and the lots in it.

    `source`: the kitchen. A lot's name must mean one thing in all kitchens: put the supplier in front of it where
    suppliers number alike.
    """

    batch: str
    at: int
    lots: tuple[str, ...]


class PatientSeen(_Finding, frozen=True, tag=3):
    """One patient of syndrome foodborne or diarrhoea.

    `recipient`: '' if the clinic did not ask; `place`: kecamatan of the clinic, '' for one outside the region.
    """

    patient: str
    recipient: str
    place: str
    onset: int
    received: int
    ate_at: int | None = None


class PatientsCounted(_Finding, frozen=True, tag=4):
    """A tally of a clinic; `recipient` and `place` as in `PatientSeen`."""

    recipient: str
    place: str
    people: int
    since: int
    received: int


class PupilsIll(_Finding, frozen=True, tag=5):
    """People whom their recipient (`source`) noticed to be ill."""

    people: int
    since: int
    received: int


class RollCall(_Finding, frozen=True, tag=6):
    """An attendance report of a recipient (`source`) for a local day.

    Of several on one day the one with the greatest (`recorded`, `id`) counts.
    """

    day: int
    at: int
    recorded: int
    received: int
    present: int
    absent_ill: int


class ClusterAssessed(_Finding, frozen=True, tag=7):
    """The health office's word on a suspected cluster of a kitchen (`source`); `id`: of the alert.

    verified: what its recipients reported from `first_day` to `last_day` is no background. discarded: it is, and
    `people` more are expected of the kitchen in each baseline that follows.
    """

    outcome: Literal["verified", "discarded"]
    first_day: int
    last_day: int
    people: float


Finding = (
    MealServed
    | BatchCooked
    | PatientSeen
    | PatientsCounted
    | PupilsIll
    | RollCall
    | ClusterAssessed
)


def moment_of(finding: Finding) -> int:
    """What the finding is about, epoch ms: it is forgotten by this."""
    match finding:
        case MealServed() | BatchCooked() | RollCall():
            return finding.at
        case PatientSeen():
            return finding.onset
        case PatientsCounted() | PupilsIll():
            return finding.since
        case ClusterAssessed():
            return (finding.last_day + 1) * 86_400_000
