"""`python -m bench.pipeline`: CPU an event of every process of an installation, and of the plain build beside it.

    kitchens' requests --> ingest --> Kafka --> streams --> sinks --> ClickHouse
                                                      '--> gateway

Each build is started on empty folders, warmed up, left idle, and taken through batches of 50, one event a request, and a
replay of three days. No wall is open: what walls cost is `bench.gateway`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

from bench.ground import REGION, machine, output_options, publish
from bench.pipeline.kitchen_requests import DAY_MS, LIVE_MS, LoadScenario, ScenarioGoal
from bench.pipeline.measured_run import Build, BuildResult, BuildRun, json_loads_us
from bench.pipeline.our_build import our_build
from bench.pipeline.pipeline_report import PipelineRun, write
from bench.pipeline.plain_build import plain_build
from chassis import logs
from chassis.regions.region_folder import load_region
from contracts.time.clock import real_now_ms, rfc3339
from pantau.installation import ROOT

_RATE = 300.0
_BATCHES = ScenarioGoal(most_us=120, least_ratio=8)
_ONE_BY_ONE = ScenarioGoal(most_us=1_800, least_ratio=4)
_REPLAY = ScenarioGoal(most_us=90, least_ratio=8)


def _scenarios(events: int, one_by_one: int) -> tuple[LoadScenario, ...]:
    return (
        LoadScenario("batches of 50", events, 50, LIVE_MS, goal=_BATCHES),
        LoadScenario("one a request", one_by_one, 1, LIVE_MS, rate=_RATE, goal=_ONE_BY_ONE),
        LoadScenario("replay of three days", events, 50, 3 * DAY_MS, hours_a_day=13, goal=_REPLAY),
    )


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes docs/bench/pipeline.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline")
    parser.add_argument("--events", type=int, default=40_000, help="of batches, and of the replay")
    parser.add_argument("--one-by-one", type=int, default=6_000, help="of one event a request")
    parser.add_argument("--plain-events", type=int, default=10_000)
    parser.add_argument("--plain-one-by-one", type=int, default=3_000)
    parser.add_argument("--idle-s", type=float, default=15.0)
    parser.add_argument("--plain", action=argparse.BooleanOptionalAction, default=True)
    output_options(parser)
    options = parser.parse_args(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    registry = load_region(ROOT / "regions" / REGION)
    sides: list[tuple[AbstractContextManager[Build], tuple[LoadScenario, ...]]] = [
        (our_build(), _scenarios(options.events, options.one_by_one))
    ]
    if options.plain:
        some = _scenarios(options.plain_events, options.plain_one_by_one)
        sides.append((plain_build(registry), some))
    results: list[BuildResult] = []
    for side, scenarios in sides:
        with side as build:
            results.append(BuildRun(build, registry, _tell).run(scenarios, options.idle_s))
    kitchens = sum(unit.kind == "sppg" and unit.status == "active" for unit in registry.units)
    command = " ".join(["python -m bench.pipeline", *(arguments or sys.argv[1:])])
    run = PipelineRun(command, where, when, kitchens, json_loads_us(registry))
    publish(write(run, results), "pipeline.md", options)


if __name__ == "__main__":
    main()
