"""The rule of `illness_reported`: ill and absent-ill of one recipient on one local day against what to expect of it."""

from __future__ import annotations

import msgspec

from streams.core.alerts.cluster.absence_wave import AbsenceWave
from streams.core.alerts.cluster.background import Background
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.evidence.findings import EventKey, PupilsIll
from streams.core.alerts.cluster.evidence.recipient_findings import RecipientFindings
from streams.core.alerts.cluster.exceedance import count_tail, of_any


class IllnessVerdict(msgspec.Struct, frozen=True):
    """Of one recipient and local day. `level` 0 as expected, 1 pantau, 2 waspada; `p`, `chance` as in `ClusterVerdict`.

    `registered`: on the day; `present`: 0 where no attendance was reported. `events`: those that counted.
    """

    recipient: str
    day: int
    level: int
    p: float
    chance: float
    absent_ill: int
    absent_expected: float
    ill: int
    ill_expected: float
    present: int
    registered: int
    events: tuple[EventKey, ...]


def judge_illness(
    recipient: str,
    findings: RecipientFindings,
    background: Background,
    wave: AbsenceWave,
    policy: ClusterPolicy,
) -> IllnessVerdict | None:
    """The verdict on the day of `background`; None if the recipient reported neither attendance nor illness on it.

    Absence: its own rate of the last 28 days (of the region where it has none) times who is present or ill, raised by
    what the other recipients report that day. Noticed: the rate of people known to be ill.
    """
    day = background.day
    fed = background.recipients.get(recipient)
    call = findings.roll_calls().get(day)
    noticed = [
        one
        for one in findings.reports()
        if isinstance(one, PupilsIll) and background.zone.local_day(one.since) == day
    ]
    if fed is None or (call is None and not noticed):
        return None
    pupils = call.present + call.absent_ill if call else 0
    absent = call.absent_ill if call else 0
    absent_mean = wave.rates.share(recipient) * wave.factor((recipient,)) * pupils
    spread = absent_mean + wave.rates.spread * absent_mean * absent_mean
    ill = sum(one.people for one in noticed)
    rate = background.patients((), {recipient: fed.registered})
    ill_mean = rate.mean * fed.registered
    p = of_any(
        min(
            count_tail(absent, absent_mean, spread),
            count_tail(
                ill, ill_mean, ill_mean * background.clumping + ill_mean * ill_mean / rate.shape
            ),
        ),
        tests=2,
    )
    chance = of_any(p, len(background.recipients))
    enough = max(ill, absent) >= policy.illness_least_people
    level = (chance <= policy.illness_chance_pantau) + (chance <= policy.illness_chance_waspada)
    keys = {(one.source, one.id) for one in (call, *noticed) if one is not None}
    return IllnessVerdict(
        recipient=recipient,
        day=day,
        level=level if enough else 0,
        p=p,
        chance=chance,
        absent_ill=absent,
        absent_expected=absent_mean,
        ill=ill,
        ill_expected=ill_mean,
        present=call.present if call else 0,
        registered=fed.registered,
        events=tuple(sorted(keys)),
    )
