"""One run of one contestant, and the rounds of all.

    CPU of a run = (user + system of the process when its committed rows equal the truth) - (the same on a topic of one event)

Start, imports, the join of the group and the registry are in both, so what is left is the work on the events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.ground import Ground, Rows, cpu_s, end, ground, until
from bench.positions import Positions, ends
from bench.streams.contestants import Contestant, Workload, order_for
from bench.streams.expected_rows import UnitRows, rows_due
from bench.streams.generate import Content, generate
from contracts.time.clock import real_now_ms

_LONGEST_S = 600.0


@dataclass(frozen=True)
class ContestRun:
    """CPU and wall seconds from the start of the process to its last row; `records` of rows that it sent."""

    cpu_s: float
    wall_s: float
    records: int


@dataclass(frozen=True)
class ContestResult:
    """All runs of one contestant on one workload. `baseline_s`: CPU on a topic of one event, median."""

    workload: Workload
    contestant: Contestant
    events: int
    baseline_s: float
    runs: tuple[ContestRun, ...]

    @property
    def us_per_event(self) -> list[float]:
        """CPU microseconds per line, a value a run."""
        return [(run.cpu_s - self.baseline_s) / self.events * 1e6 for run in self.runs]


class WrongResult(AssertionError):
    """A contestant did not come to the truth."""


def run_once(
    place: Ground,
    workload: Workload,
    contestant: Contestant,
    content: Content,
    due: UnitRows,
    number: int,
) -> ContestRun:
    """Runs a contestant over the topic until its rows equal those that are due. Raises `WrongResult`."""
    out = place.fresh()
    expected: dict[Any, Any] = {"lines": len(content.lines)} if contestant.is_floor else due
    order = order_for(place, workload, contestant.name, out, number)
    rows = Rows(place.broker, contestant.topic(out), contestant.reader(content), contestant.table)
    positions, wanted = Positions(place.broker), ends(place)
    start = time.monotonic()
    process = contestant.start(place, order)

    def done() -> bool:
        while rows.poll():
            pass
        if process.poll() is not None:
            raise WrongResult(f"{contestant.name} ended with {process.returncode}")
        if rows.found != expected:
            return False
        return not contestant.has_areas or positions.have_reached(wanted)

    try:
        until(done, _LONGEST_S, f"{contestant.name} did not come to the truth")
        return ContestRun(cpu_s(process.pid), time.monotonic() - start, rows.records)
    except (TimeoutError, WrongResult) as error:
        log = (place.home / f"{contestant.name}.log").read_text("utf-8", "replace")[-2000:]
        raise WrongResult(f"{error}: {_differences(rows, expected)}\n{log}") from None
    finally:
        end(process)
        rows.close()
        positions.close()


def _differences(rows: Rows, expected: dict[Any, Any]) -> str:
    wrong = [key for key, values in expected.items() if rows.found.get(key) != values]
    extra = [key for key in rows.found if key not in expected]
    some = {key: (rows.found.get(key), expected.get(key)) for key in (wrong + extra)[:3]}
    return f"{len(wrong)} of {len(expected)} rows differ, {len(extra)} too many: {some}"


def measure(
    workload: Workload,
    contestants: Sequence[Contestant],
    events: int,
    rounds: int,
    flush_ms: int,
    say: Callable[[str], None],
    baselines: dict[str, float] | None = None,
) -> dict[str, list[ContestRun]]:
    """All rounds on one workload, interleaved: each round takes every contestant once."""
    with ground(1, flush_ms) as place:
        content = generate(
            place.registry, 1, events, real_now_ms(), workload.span_ms, workload.hours_a_day
        )
        place.produce(content.lines, workload.lines_a_record)
        due = rows_due(content, place.registry.region.timezone)
        runs: dict[str, list[ContestRun]] = {one.name: [] for one in contestants}
        for number in range(rounds):
            for one in contestants:
                run = run_once(place, workload, one, content, due, number)
                runs[one.name].append(run)
                base = (baselines or {}).get(one.name, 0.0)
                say(
                    f"{workload.name} {number + 1}/{rounds} {one.name}: {run.cpu_s:.2f} s CPU ({base:.2f} to start), {run.wall_s:.1f} s, "
                    f"{(run.cpu_s - base) / events * 1e6:.1f} us/event, {run.records} records of rows"
                )
        return runs
