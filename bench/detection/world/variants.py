"""What is varied: figures of the simulator, what a district reports, what an outbreak is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple


@dataclass(frozen=True)
class Variant:
    """One way in which the world may work. Methods are tuned on one and reported on another."""

    name: str
    rate: float = 7.4e-5
    """Patients with diarrhoea or suspected food poisoning a person and day."""
    unfed: float = 2.3
    """Inhabitants who are fed by no kitchen, for each who is."""
    households: float = 0.05
    """Share of patients who bring another one of their house the same day, of another school or none."""
    diarrhoea_wave: float = 0.3
    """Height of a wave of diarrhoea over ten weeks."""
    influenza_wave: float = 0.5
    """Height of a wave of absence over three weeks."""
    absent_ill: float = 0.015
    absent_day_spread: float = 0.15
    """Standard deviation of a school's logarithm of absence from day to day."""
    school_gastro_a_year: float = 6.0
    """Outbreaks a year of stomach flu from child to child in one school: no food, so an alarm on them is false."""
    school_influenza_a_year: float = 6.0
    noticed_a_school_day: float = 0.01
    """Days on which a school that reports notices one or two ill pupils without any outbreak."""
    lag_spread: float = 0.45
    """Standard deviation of the logarithm of the time from meal to onset."""
    elsewhere: float = 0.2
    """Share of patients who go to a clinic outside their kecamatan, half of them to the hospital."""


TUNED_ON: Final = Variant("A")
REPORTED_ON: Final = Variant(
    "B",
    rate=9e-5,
    unfed=1.8,
    households=0.12,
    diarrhoea_wave=0.7,
    influenza_wave=1.0,
    absent_ill=0.02,
    absent_day_spread=0.3,
    school_gastro_a_year=10.0,
    school_influenza_a_year=10.0,
    noticed_a_school_day=0.02,
    lag_spread=0.6,
    elsewhere=0.3,
)


class Reporting(NamedTuple):
    """How a district reports: hours from visit to report (mean), share of patients without a recipient, share of schools."""

    delay_h: float
    nameless: float
    schools: float


REPORTINGS: Final = tuple(
    Reporting(*one) for one in product((0.0, 6.0, 24.0), (0.0, 0.25, 0.5), (0.0, 0.5, 0.9))
)


class Agent(NamedTuple):
    """Median hours from meal to onset."""

    name: str
    lag_h: float


AGENTS: Final = (Agent("fast, 3 h", 3.0), Agent("middle, 12 h", 12.0), Agent("slow, 30 h", 30.0))
ATTACK_RATES: Final = (0.01, 0.02, 0.05, 0.2)
CARE_SHARES: Final = (0.1, 0.2, 0.5)


class OutbreakShape(NamedTuple):
    """One outbreak's figures."""

    agent: Agent
    attack_rate: float
    care: float


SHAPES: Final = tuple(OutbreakShape(*one) for one in product(AGENTS, ATTACK_RATES, CARE_SHARES))
