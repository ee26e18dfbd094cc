"""Seven poisonings of the press, with their clock times, sizes and growth, replayed under invented names.

What the press does not say is assumed and the same for all: see `GOOD` and `POOR`, and the care that people seek.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final, NamedTuple

from bench.detection.methods.ours import Follower
from bench.detection.world.ordinary_days import FIRST_DAY, HOUR_MS, District
from bench.detection.world.regency import Regency, build
from bench.detection.world.variants import TUNED_ON, Agent, OutbreakShape, Reporting
from contracts.time.days import weekday
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy

KITCHENS: Final = 24
_WARM_UP: Final = 40
_DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

GOOD: Final = Reporting(0.5, 0.1, 1.0)
"""Clinics report within half an hour of the visit on average, a tenth of the patients name no school, all schools report."""
POOR: Final = Reporting(6.0, 0.5, 0.0)
"""Clinics report after six hours, half of the patients name no school, no school reports."""


class Replay(NamedTuple):
    """`served_min`: minute of the day; `lag_h`, `spread`: median from meal to onset, and standard deviation of its logarithm;
    `ill` of those in `schools`, pupils each.

    `noticed`: days after the meal, minute of the day, and by what, as reported or as nearly as the report lets one say.
    """

    name: str
    day_of_week: int
    served_min: int
    schools: tuple[int, ...]
    ill: int
    lag_h: float
    spread: float
    care: float
    noticed: tuple[int, int, str]


REPLAYS: Final = (
    Replay(
        "Sindangwangi (like Grobogan, 9 Jan 2026)",
        *(5, 720, (264,) * 11, 800, 12.0, 0.4, 0.2),
        (1, 450, "absent pupils on Saturday"),
    ),
    Replay(
        "Cikareo (like Mojokerto, 9 Jan 2026)",
        *(5, 510, (122,) * 22, 411, 10.0, 0.4, 0.4),
        (1, 480, "first count, Saturday (hour assumed)"),
    ),
    Replay(
        "Margalaksana (like Kudus, 28 Jan 2026)",
        *(3, 675, (1177, 300, 250, 240), 560, 11.5, 0.12, 0.2),
        (1, 450, "queues at 07:30"),
    ),
    Replay(
        "Tanjungwangi (like Tulungagung, 19 Jan 2026)",
        *(1, 600, (900, 400, 300, 250, 200), 130, 12.5, 0.12, 0.1),
        (1, 480, "school counsellor, the next days (hour assumed)"),
    ),
    Replay(
        "Pasirhuni (like Cisarua, 14 Oct 2025)",
        *(2, 570, (1255, 300, 300), 119, 2.0, 0.3, 0.5),
        (0, 690, "at school (half an hour after the first onset, assumed)"),
    ),
    Replay(
        "Karangmulya (like Rembang, 23 Sep 2025)",
        *(2, 600, (600, 400, 350, 300), 187, 20.0, 0.25, 0.3),
        (1, 480, "school, Wednesday (hour assumed)"),
    ),
    Replay(
        "Sukasenang (like Lombok Tengah, Jan 2026)",
        *(4, 540, (250, 200, 180, 150, 150), 38, 1.0, 0.3, 0.6),
        (0, 630, "the kitchen itself (hour assumed)"),
    ),
)  # fmt: skip


class Replayed(NamedTuple):
    """`moments`: pantau, waspada, siaga as `Fri 16:20 (+4.3 h)` after the meal, or a dash; under each reporting."""

    replay: Replay
    first_onset: str
    noticed: str
    good: tuple[str, str, str]
    poor: tuple[str, str, str]


def replay_all(
    policy: ClusterPolicy, seed: int, replays: Sequence[Replay] = REPLAYS
) -> list[Replayed]:
    """Each under both ways of reporting."""
    return [_replayed(one, policy, f"{seed} {number}") for number, one in enumerate(replays)]


def _replayed(one: Replay, policy: ClusterPolicy, seed: str) -> Replayed:
    first_onset, good = _run(one, GOOD, policy, seed)
    _, poor = _run(one, POOR, policy, seed)
    later, minute, by = one.noticed
    hours = later * 24 + (minute - one.served_min) / 60
    noticed = f"{_clock(one.day_of_week + later, minute)} ({hours:+.1f} h): {by}"
    return Replayed(one, first_onset, noticed, good, poor)


def _run(
    one: Replay, reporting: Reporting, policy: ClusterPolicy, seed: str
) -> tuple[str, tuple[str, str, str]]:
    dice = Random(seed)
    regency = build(KITCHENS, dice, one.schools, one.served_min)
    day = FIRST_DAY + _WARM_UP
    while weekday(day) != one.day_of_week:
        day += 1
    district = District(regency, replace(TUNED_ON, lag_spread=one.spread), reporting, dice)
    days = [(of, district.day(of)) for of in range(FIRST_DAY, day + 5)]
    rate = one.ill / sum(one.schools)
    shape = OutbreakShape(Agent(one.name, one.lag_h), rate, one.care)
    truth = district.outbreak(day, 0, shape, share=1.0)
    served = regency.population.zone.moment_ms(day, one.served_min)
    moments = Follower(regency, days, policy).follow(truth).moments
    shown = tuple("-" if at is None else _shown(regency, at, served) for at in moments)
    return _shown(regency, truth.first_onset, served), (shown[0], shown[1], shown[2])


def _shown(regency: Regency, moment: int, served: int) -> str:
    zone = regency.population.zone
    day = weekday(zone.local_day(moment))
    return f"{_clock(day, zone.minute_of_day(moment))} ({(moment - served) / HOUR_MS:+.1f} h)"


def _clock(day: int, minute: int) -> str:
    return f"{_DAY_NAMES[(day - 1) % 7]} {minute // 60:02d}:{minute % 60:02d}"
