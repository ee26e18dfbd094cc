"""docs/bench/pipeline.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.pipeline.measured_run import BuildResult, ScenarioCost
from bench.pipeline.part_costs import PARTS, Costs

_TEXT = """\
# What an event costs, from the device to the store and the wall

    {command}

{machine}. {date}.

CPU, user and system, of all processes of `pantau up` without a simulator, read from `/proc`; what they use when nothing comes is
measured first and taken off. {units} kitchens, half of the events temperatures, 20 % deliveries, 20 % meals, 10 % cooking; no wall is
open. A scenario ends when receipts say that all windows and ClickHouse hold its last events, and ClickHouse is then asked whether it
holds every event once. Where the line above names a load of more than 1, other work ran beside; wall times depend on it and are not
given. A part that polls less while there is work may come out below 0.

The plain build (`bench/peers/plain`; its README names what it gets wrong after a kill) has the same parts: FastAPI and aiokafka with a
record an event, Faust agents with tables, clickhouse-connect with an insert a second, a `websockets` broadcast; on the same kind of
Kafka and ClickHouse, in the same run, one after the other.

## CPU microseconds an event

{scenarios}

| | {heads} | all | in `json.loads` of an event |
|---|{rule}---:|---:|
{costs}

One `json.loads` of an event takes {unit:.2f} us here.

| plain build to Pantau | {heads} | all |
|---|{rule}---:|
{ratios}

## Idle, percent of a core

| | {heads} | all |
|---|{rule}---:|
{idle}

## Goals

| | measured | asked | |
|---|---:|---:|---|
{goals}

## What passes each hop, an event

Kafka's records with the markers of transactions; its bytes as stored in the log (of compacted topics what is left).
Rows as ClickHouse counts them, once when they are inserted and again each time that they are merged.

| | Kafka records | Kafka bytes | rows inserted | bytes inserted | rows merged | inserts per 1,000 events |
|---|---:|---:|---:|---:|---:|---:|
{hops}

Kafka's bytes an event by topic, from 20 bytes on:

{topics}
"""


_LEAST_US = 1.0
_MOST_IDLE = 8.0


class PipelineRun(NamedTuple):
    """The circumstances. `unit_us`: of one `json.loads`."""

    command: str
    machine: str
    date: str
    units: int
    unit_us: float


def _cells(costs: Costs, digits: int) -> str:
    return " | ".join(_cell(costs.get(part), digits) for part in PARTS)


def _cell(figure: float | None, digits: int) -> str:
    return "-" if figure is None or math.isnan(figure) else f"{figure:,.{digits}f}"


def _cost_rows(results: Sequence[BuildResult], unit_us: float) -> Iterator[str]:
    for result in results:
        for one in result.costs:
            total = sum(one.micros.values())
            yield f"| {result.name}: {one.scenario.name} | {_cells(one.micros, 0)} | {total:,.0f} | {total / unit_us:,.0f} |"


def _ratio(micros: float, ours: float) -> float:
    # Of a part that did nothing no multiple says anything.
    return micros / ours if ours >= _LEAST_US else math.nan


def _ratio_rows(ours: BuildResult, plain: BuildResult) -> Iterator[str]:
    for one, other in zip(ours.costs, plain.costs, strict=True):
        ratios = {part: _ratio(micros, one.micros[part]) for part, micros in other.micros.items()}
        total = _ratio(sum(other.micros.values()), sum(one.micros.values()))
        yield f"| {one.scenario.name} | {_cells(ratios, 1)} | {total:.1f} |"


def _goal_row(what: str, figure: str, asked: str, *, met: bool) -> str:
    return f"| {what} | {figure} | {asked} | {'met' if met else 'missed'} |"


def _goal_rows(ours: BuildResult, plain: BuildResult | None) -> Iterator[str]:
    for number, one in enumerate(ours.costs):
        goal, name, total = one.scenario.goal, one.scenario.name, sum(one.micros.values())
        if goal is None:
            continue
        yield _goal_row(
            f"{name}, microseconds an event",
            f"{total:,.0f}",
            f"at most {goal.most_us:,.0f}",
            met=total <= goal.most_us,
        )
        if plain is not None:
            ratio = _ratio(sum(plain.costs[number].micros.values()), total)
            yield _goal_row(
                f"{name}, {plain.name} to {ours.name}",
                f"{ratio:.1f}",
                f"at least {goal.least_ratio:g}",
                met=ratio >= goal.least_ratio,
            )
    idle = sum(ours.idle.values())
    yield _goal_row(
        "idle, percent of a core", f"{idle:.1f}", f"at most {_MOST_IDLE:g}", met=idle <= _MOST_IDLE
    )


def _hop_row(name: str, one: ScenarioCost) -> str:
    inserted, events = one.hops.inserted, one.events
    cells = [
        one.hops.records.total() / events,
        one.hops.bytes.total() / events,
        inserted["InsertedRows"] / events,
        inserted["InsertedBytes"] / events,
        inserted["MergedRows"] / events,
        inserted["InsertQuery"] / events * 1000,
    ]
    return f"| {name}: {one.scenario.name} | " + " | ".join(f"{cell:,.2f}" for cell in cells) + " |"


def _topic_line(name: str, one: ScenarioCost) -> str:
    sizes = {topic: size / one.events for topic, size in one.hops.bytes.most_common()}
    shown = ", ".join(f"`{topic}` {size:,.0f}" for topic, size in sizes.items() if size >= 20)
    return f"- {name}, {one.scenario.name}: {shown or '-'}"


def _scenario_line(one: ScenarioCost) -> str:
    scenario = one.scenario
    rate = f"{scenario.rate:g} requests a second" if scenario.rate else "as fast as answers come"
    days, minutes = scenario.span_ms // 86_400_000, scenario.span_ms // 60_000
    span = f"{days} days" if days else f"{minutes} minutes"
    return f"- {scenario.name}: {scenario.size} a request, {rate}, times of the last {span}."


def write(run: PipelineRun, results: Sequence[BuildResult]) -> str:
    """The page; ratios where there are two builds."""
    pairs = [(result.name, one) for result in results for one in result.costs]
    counts = "; ".join(
        f"{result.name} {', '.join(f'{one.events:,}' for one in result.costs)}"
        for result in results
    )
    scenarios = [_scenario_line(one) for one in results[0].costs]
    idle = [
        f"| {result.name} | {_cells(result.idle, 1)} | {sum(result.idle.values()):.1f} |"
        for result in results
    ]
    return _TEXT.format(
        command=run.command,
        machine=run.machine,
        date=run.date,
        units=run.units,
        unit=run.unit_us,
        scenarios="\n".join([*scenarios, f"- Events: {counts}."]),
        heads=" | ".join(PARTS),
        rule="---:|" * len(PARTS),
        costs="\n".join(_cost_rows(results, run.unit_us)),
        ratios="\n".join(_ratio_rows(*results)) if len(results) > 1 else "",
        idle="\n".join(idle),
        goals="\n".join(_goal_rows(results[0], results[1] if len(results) > 1 else None)),
        hops="\n".join(_hop_row(name, one) for name, one in pairs),
        topics="\n".join(_topic_line(name, one) for name, one in pairs),
    )
