"""docs/bench/detection.md and detection.svg."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from bench.detection.figures import SeenShare, duel, hours_of, median_interval, quantile, share
from bench.detection.methods.comparators import COMPARATORS, OURS
from bench.detection.replays import Replayed
from bench.detection.trial import FalseAlarms, Outcome, TrialSize, Tuning
from bench.detection.world.variants import REPORTED_ON, TUNED_ON, Variant

_MINUTES_A_SIGNAL: Final = 50
_LEVELS: Final = {
    f"{OURS} 3": "siaga",
    f"{OURS} 2": "waspada or more",
    f"{OURS} 1": "pantau or more",
}
_COLOURS: Final = ("#0b6e4f", "#8d99ae", "#6c757d", "#495057", "#9c6644", "#7f5539", "#b08968")
_WIDTH: Final = 860
_HEIGHT: Final = 420
_LEFT: Final = 60
_RIGHT: Final = 600
_LAST_H: Final = 96

_TEXT: Final = """\
# How early a poisoning is seen

    make bench PART=detection ARGS="{arguments}"

{machine}. {date}. {seconds:.0f} s.

![Share of outbreaks seen by hours since the first onset](detection.svg)

## What was run

A made-up regency of {kitchens} kitchens of 500 to 3,000 people, drawn anew for each of the {reportings} ways of reporting
(delay 0, 6, 24 h; share of patients who name no recipient 0, 25, 50 %; share of schools that report 0, 50, 90 %). Patients
with diarrhoea, of families too; waves of diarrhoea and of influenza; stomach flu and influenza from child to child in single
schools (an alarm on those is false); puskesmas closed at night and on Sundays. Tuned on variant {tuned_on.name}, seed
{tuned_seed}: {tuned_days:,} regency-days without an outbreak. Reported on variant {reported_on.name}, seed {reported_seed}:
{reported_days:,} such days, and {outbreaks} outbreaks on {outbreak_days:,} more (agents with a median of 3, 12 and 30 h;
attack rate 1, 2, 5, 20 %; 10, 20, 50 % of the ill seek care). All {warm} days before the first judged one are history.

| figure of the simulator | {tuned_on.name} (tuned) | {reported_on.name} (reported) |
|---|---:|---:|
{variants}

Each method is set to its most sensitive with at most {allowed:g} false signals a regency-year on {tuned_on.name}; signals of
one unit within three days are one. A signal counts as seeing an outbreak if it comes within 96 h of the first onset and is
about its kitchen, a clinic that had one of its patients, or, for the scan, the region. EARS: `R surveillance::earsC`, least
deviation 0.5, on reports by day received, today's so far among them; by kecamatan, and (not usual) by the kitchen that
patients name. Arrivals: patients of one clinic within 30 minutes. Scan: space-time permutation (Kulldorff 2005), up to half
of the kecamatan, up to 7 of 30 days. Fixed: patients who name one kitchen, within 24 h. What schools report only Pantau
uses.

## The methods side by side

False signals a year, and hours from the first onset, missed outbreaks as later than any. 95 % intervals: Wilson's; of hours
by resampling. Minutes: {minutes} for each false signal on {reported_on.name}.

| method | threshold | false a year, {tuned_on.name} | {reported_on.name} | minutes a year | seen | median h | 90th percentile h |
|---|---:|---:|---:|---:|---:|---:|---:|
{methods}

The levels of Pantau below siaga are not tuned; they are what an officer sees first.

| level | false a year, {reported_on.name} | minutes a year | seen | median h |
|---|---:|---:|---:|---:|
{levels}

## Share seen, by what the outbreak and the reporting were like

Last column: methods that saw more than Pantau's siaga did in that row.

| | outbreaks | Pantau siaga | Pantau pantau | best of the others | saw more than siaga |
|---|---:|---:|---:|---:|---|
{rows}

## Outbreak by outbreak

Pantau's siaga against each: on the outbreaks that both saw, which was earlier by more than half an hour; and those that one
alone saw.

| against | Pantau earlier | equal | Pantau later | Pantau alone | the other alone |
|---|---:|---:|---:|---:|---:|
{duels}

## Seven poisonings of the press, replayed

Names are invented; sizes, hours of the meal and of the first onsets follow the reports. Clock, and hours after the meal.
First line: clinics report half an hour after a visit on average, a tenth of the patients name no school, all schools report.
Second line: six hours, half name no school, no school reports. A dash: not within 96 h of the first onset. The wave of
patients is simulated: the press gives its size, not its course.

| replay | first onset | pantau | waspada | siaga | noticed, as the press has it |
|---|---|---|---|---|---|
{replays}
"""


class DetectionRun(NamedTuple):
    """All that the page is made of."""

    arguments: str
    size: TrialSize
    seeds: tuple[int, int]
    tuning: Tuning
    tuned_false: FalseAlarms
    reported_false: FalseAlarms
    outcomes: Sequence[Outcome]
    replays: Sequence[Replayed]


def page(run: DetectionRun, machine: str, date: str, seconds: float, warm: int) -> str:
    """The page."""
    days = run.size.regency_days
    return _TEXT.format(
        arguments=run.arguments,
        machine=machine,
        date=date,
        seconds=seconds,
        kitchens=run.size.kitchens,
        reportings=len(run.size.reportings),
        tuned_on=TUNED_ON,
        reported_on=REPORTED_ON,
        tuned_seed=run.seeds[0],
        reported_seed=run.seeds[1],
        tuned_days=days,
        reported_days=days,
        outbreak_days=days,
        outbreaks=len(run.outcomes),
        warm=warm,
        allowed=run.size.allowed_a_year,
        minutes=_MINUTES_A_SIGNAL,
        variants=_variants(),
        methods="\n".join(_method(run, name) for name in (OURS, *COMPARATORS)),
        levels="\n".join(_level(run, name) for name in _LEVELS),
        rows="\n".join(_rows(run.outcomes)),
        duels="\n".join(_duel(run.outcomes, name) for name in COMPARATORS),
        replays="\n".join(map(_replay, run.replays)),
    )


def _variants() -> str:
    names = [name for name in Variant.__dataclass_fields__ if name != "name"]
    return "\n".join(
        f"| {name} | {getattr(TUNED_ON, name):g} | {getattr(REPORTED_ON, name):g} |"
        for name in names
    )


def _method(run: DetectionRun, name: str) -> str:
    hours = hours_of(run.outcomes, name)
    threshold = run.tuning.policy.chance_siaga if name == OURS else run.tuning.thresholds[name]
    tuned = run.tuned_false.of(name, run.tuning) / run.tuned_false.years
    reported = run.reported_false.of(name, run.tuning) / run.reported_false.years
    title = f"**{OURS}, siaga**" if name == OURS else name
    cells = (
        f"{threshold:.3g}",
        f"{tuned:.1f}",
        f"{reported:.1f}",
        f"{reported * _MINUTES_A_SIGNAL:.0f}",
        _percent(share(hours)),
        _hours(hours, 0.5),
        _hours(hours, 0.9),
    )
    return f"| {title} | {' | '.join(cells)} |"


def _level(run: DetectionRun, name: str) -> str:
    hours = hours_of(run.outcomes, name)
    false = run.reported_false.of(OURS, run.tuning, int(name[-1])) / run.reported_false.years
    minutes = f"{false * _MINUTES_A_SIGNAL:.0f}"
    return f"| {_LEVELS[name]} | {false:.1f} | {minutes} | {_percent(share(hours))} | {_hours(hours, 0.5)} |"


def _percent(seen: SeenShare) -> str:
    low, high = seen.interval()
    return f"{seen.value:.0%} ({low:.0%}..{high:.0%})"


def _hours(hours: Sequence[float | None], q: float) -> str:
    low, high = median_interval(hours, q)
    return f"{_hour(quantile(hours, q))} ({_hour(low)}..{_hour(high)})"


def _hour(value: float | None) -> str:
    return "missed" if value is None else f"{value:.1f}"


def _rows(outcomes: Sequence[Outcome]) -> list[str]:
    grouped: dict[tuple[int, float, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        for trait in _traits(one):
            grouped[trait].append(one)
    return [_row(name, grouped[number, value, name]) for number, value, name in sorted(grouped)]


def _traits(one: Outcome) -> tuple[tuple[int, float, str], ...]:
    """(order, value, name) of the rows to which an outbreak belongs."""
    shape, reporting = one.truth.shape, one.truth.reporting
    return (
        (0, 0.0, "all"),
        (1, shape.attack_rate, f"attack rate {shape.attack_rate:.0%}"),
        (2, shape.agent.lag_h, f"onset {shape.agent.name}"),
        (3, shape.care, f"{shape.care:.0%} seek care"),
        (4, reporting.delay_h, f"reported after {reporting.delay_h:g} h"),
        (5, reporting.nameless, f"{reporting.nameless:.0%} name no recipient"),
        (6, reporting.schools, f"{reporting.schools:.0%} of schools report"),
    )


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    ours = share(hours_of(outcomes, OURS))
    others = {other: share(hours_of(outcomes, other)) for other in COMPARATORS}
    best = max(others, key=lambda other: others[other].seen)
    more = [other for other, seen in others.items() if seen.seen > ours.seen]
    lowest = share(hours_of(outcomes, f"{OURS} 1"))
    return (
        f"| {name} | {len(outcomes)} | {_percent(ours)} | {lowest.value:.0%} "
        f"| {others[best].value:.0%} ({best}) | {'; '.join(more) or '-'} |"
    )


def _duel(outcomes: Sequence[Outcome], name: str) -> str:
    found = duel(hours_of(outcomes, OURS), hours_of(outcomes, name))
    return f"| {name} | {' | '.join(map(str, found))} |"


def _replay(one: Replayed) -> str:
    levels = " | ".join(f"{good}<br>{poor}" for good, poor in zip(one.good, one.poor, strict=True))
    return f"| {one.replay.name} | {one.first_onset} | {levels} | {one.noticed} |"


def picture(outcomes: Sequence[Outcome], date: str) -> str:
    """The share of outbreaks seen, by hours since the first onset, a line a method."""
    names = [f"{OURS} 1", OURS, *COMPARATORS]
    parts = [_axis()]
    for number, name in enumerate(names):
        hours = sorted(one for one in hours_of(outcomes, name) if one is not None)
        colour = "#8bc4a9" if name == f"{OURS} 1" else _COLOURS[max(0, number - 1) % len(_COLOURS)]
        points = [_point(0, 0)]
        for seen, hour in enumerate(hours, 1):
            points += [_point(hour, (seen - 1) / len(outcomes)), _point(hour, seen / len(outcomes))]
        points.append(_point(_LAST_H, len(hours) / len(outcomes)))
        width = 3 if name.startswith(OURS) else 1.5
        dash = f' stroke-dasharray="{2 + number} {1 + number % 3}"' if number > 1 else ""
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="{width}"{dash} points="{" ".join(points)}"/>'
        )
        y = 40 + 30 * number
        title = {OURS: "Pantau, siaga", f"{OURS} 1": "Pantau, pantau or more"}.get(name, name)
        parts.append(
            f'<line x1="{_RIGHT + 16}" x2="{_RIGHT + 44}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="{width}"{dash}/>'
            f'<text x="{_RIGHT + 50}" y="{y + 4}">{escape(title)} {len(hours) / max(1, len(outcomes)):.0%}</text>'
        )
    parts.append(
        f'<text class="foot" x="{_LEFT}" y="{_HEIGHT - 8}">hours since the first onset; {len(outcomes)} outbreaks; {date[:10]}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'role="img" aria-label="Share of outbreaks seen by hours since the first onset">\n'
        "<style>text{font:12px system-ui,sans-serif;fill:#1f2933}.foot{font-size:11px;fill:#52606d}</style>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _point(hour: float, part: float) -> str:
    x = _LEFT + (_RIGHT - _LEFT) * min(hour, _LAST_H) / _LAST_H
    y = _HEIGHT - 50 - (_HEIGHT - 80) * part
    return f"{x:.1f},{y:.1f}"


def _axis() -> str:
    lines = []
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = float(_point(0, part).split(",")[1])
        lines.append(f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}" stroke="#e4e7eb"/>')
        lines.append(f'<text x="{_LEFT - 40}" y="{y + 4}">{part:.0%}</text>')
    for hour in range(0, _LAST_H + 1, 12):
        x = float(_point(hour, 0).split(",")[0])
        lines.append(f'<text x="{x - 6}" y="{_HEIGHT - 32}">{hour}</text>')
    return "\n".join(lines)
