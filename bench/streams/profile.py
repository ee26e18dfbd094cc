"""`python -m bench.streams.profile`: where the CPU time of Pantau's unit fold goes, in one process and without Kafka.

The content is that of `bench.streams`, 200 lines a record; the fold is drained every 4,000 events, as often as it flushes
at full speed. Shares are of own time under cProfile, which makes small functions seem dearer than they are.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.ground import REGION, machine, output_options, publish
from bench.streams.contestants import WORKLOADS, Workload
from bench.streams.generate import generate
from chassis.regions.region_folder import load_region
from contracts.events.decode import decode_lines
from contracts.registry.entities import RegionRegistry
from contracts.results.topics import REGISTRY_CHANGE, SPPG_EVENTS, UNIT_WINDOWS
from contracts.time.clock import real_now_ms
from contracts.time.instant import rfc3339
from pantau.installation import ROOT
from streams.core.fold import Record
from streams.core.unit_stage.unit_fold import UnitFold

_RECORDS_A_FLUSH: Final = 20
_ROUNDS: Final = 3
_SHOWN: Final = 14

_TEXT: Final = """\
# Where the time of the unit fold goes

    python -m bench.streams.profile --events {events}

{machine}. {date}. One process, no Kafka; `docs/bench/streams.md` has the same content with all that belongs to it.

| workload | decode alone | apply, decode included | drain | rows an event | bytes out an event |
|---|---:|---:|---:|---:|---:|
{table}

CPU microseconds per event, the least of {rounds} rounds; a drain every {lines} lines.

{shares}
"""


class Timed(NamedTuple):
    """CPU seconds of all applies and of all drains; rows and bytes that came out."""

    apply_s: float
    drain_s: float
    rows: int
    size: int


def fold_all(registry: RegionRegistry, values: Sequence[bytes], now_ms: int) -> Timed:
    """Folds all records."""
    fold = UnitFold(SPPG_EVENTS, 0, 1, 1)
    fold.apply(Record(0, now_ms, registry.encode(), b"", REGISTRY_CHANGE))
    fold.drain(1)
    apply_s = drain_s = 0.0
    rows = size = 0
    for at in range(0, len(values), _RECORDS_A_FLUSH):
        started = time.process_time()
        fold.apply(*(Record(at + 1 + n, now_ms, value) for n, value in enumerate(values[at : at + _RECORDS_A_FLUSH])))  # fmt: skip
        applied = time.process_time()
        flush = fold.drain(at + 1 + _RECORDS_A_FLUSH)
        apply_s, drain_s = (
            apply_s + applied - started,
            drain_s + time.process_time() - applied,
        )
        out = [(one.topic, one.value or b"") for one in flush.out]
        rows += sum(value.count(b"\n") + 1 for topic, value in out if topic == UNIT_WINDOWS)
        size += sum(len(value) for _, value in out) + sum(map(len, filter(None, flush.state.values())))  # fmt: skip
    return Timed(apply_s, drain_s, rows, size)


def measure(workload: Workload, events: int) -> tuple[str, str]:
    """A line of the table, and the shares by module."""
    registry, now_ms = load_region(ROOT / "regions" / REGION), real_now_ms()
    content = generate(registry, 1, events, now_ms, workload.span_ms, workload.hours_a_day)
    lines = [line for _, line in content.lines]
    step = workload.lines_a_record
    values = [b"\n".join(lines[at : at + step]) for at in range(0, len(lines), step)]
    started = time.process_time()
    for value in values:
        decode_lines(value)
    decode_s = time.process_time() - started
    rounds = [fold_all(registry, values, now_ms) for _ in range(_ROUNDS)]
    best = min(rounds, key=lambda one: one.apply_s + one.drain_s)
    micros = [f"{s / events * 1e6:.1f}" for s in (decode_s, best.apply_s, best.drain_s)]
    numbers = [*micros, f"{best.rows / events:.2f}", f"{best.size / events:.0f}"]
    profile = cProfile.Profile()
    profile.runcall(fold_all, registry, values, now_ms)
    return f"| {workload.title} | {' | '.join(numbers)} |", _shares(workload, profile)


def _shares(workload: Workload, profile: cProfile.Profile) -> str:
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    own: Counter[str] = Counter()
    for (file, _, name), (_, _, seconds, _, _) in stats.items():
        own[_module(file) or name] += seconds
    total = sum(own.values())
    shown = [f"| `{name}` | {seconds / total:.1%} |" for name, seconds in own.most_common(_SHOWN)]
    return "\n".join(
        [f"**{workload.title}**\n", "| own time in | share |", "|---|---:|", *shown, ""]
    )


def _module(file: str) -> str:
    """A module's path from the root; empty for what is written in C."""
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures both workloads of many lines a record, and writes docs/bench/profile.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.streams.profile", description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    output_options(parser)
    options = parser.parse_args(arguments)
    chosen = [one for one in WORKLOADS if one.lines_a_record > 1]
    where, when = machine(), rfc3339(real_now_ms())
    measured = [measure(one, options.events) for one in chosen]
    text = _TEXT.format(
        events=options.events,
        machine=where,
        date=when,
        rounds=_ROUNDS,
        lines=_RECORDS_A_FLUSH * chosen[0].lines_a_record,
        table="\n".join(line for line, _ in measured),
        shares="\n".join(shares for _, shares in measured),
    )
    publish(text, "profile.md", options)


if __name__ == "__main__":
    main()
