"""`python -m bench.streams`: measures, prints, and writes docs/bench/streams.md and streams.svg."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.ground import RIVALS, machine, output_options, versions
from bench.streams.contestants import CONTESTANTS, WORKLOADS, Contestant, Workload
from bench.streams.measure import ContestResult, measure
from bench.streams.streams_report import Circumstances, table, write
from chassis import logs
from contracts.time.clock import real_now_ms
from contracts.time.instant import rfc3339

_START = Workload("start", "one event, for what starting costs", 1, 60_000, 0.0, 20)


def say(text: str) -> None:
    """Progress goes to stderr."""
    sys.stderr.write(text + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs all contestants; ends with an error if one does not come to the truth."""
    options = _options(arguments)
    # Kafka's client tells of each connection.
    logs.configure("bench", "error")
    chosen = _chosen(options.contestants)
    circumstances = Circumstances(
        command=_command(options),
        machine=machine(),
        date=rfc3339(real_now_ms()),
        versions=_versions(),
        events=options.events,
        rounds=options.rounds,
        flush_ms=options.flush_ms,
    )
    started = measure(_START, chosen, 1, options.rounds, options.flush_ms, say)
    baselines = {
        name: statistics.median(run.cpu_s for run in runs) for name, runs in started.items()
    }
    results: list[ContestResult] = []
    for workload in WORKLOADS:
        if options.workloads and workload.name not in options.workloads.split(","):
            continue
        events = max(1, round(options.events * workload.share))
        taking = [one for one in chosen if one.takes(workload)]
        runs = measure(workload, taking, events, options.rounds, options.flush_ms, say, baselines)
        results += [
            ContestResult(workload, one, events, baselines[one.name], tuple(runs[one.name]))
            for one in taking
        ]
    sys.stdout.write(table(results) + "\n")
    if options.write:
        write(results, circumstances, options.docs)
        say(f"written to {options.docs}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument(
        "--events", type=int, default=200_000, help="lines; of single ones a quarter"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flush-ms", type=int, default=100, help="flush and checkpoint, of all")
    parser.add_argument("--contestants", default="", help="names, separated by commas")
    parser.add_argument("--workloads", default="", help="names, separated by commas")
    output_options(parser)
    return parser.parse_args(arguments)


def _chosen(names: str) -> list[Contestant]:
    wanted = names.split(",") if names else [one.name for one in CONTESTANTS]
    chosen = [one for one in CONTESTANTS if one.name in wanted]
    missing = [one.name for one in chosen if not Path(one.python).exists()]
    if missing:
        raise SystemExit(
            f"pantau: {', '.join(missing)} are not installed: run `make rivals`, "
            "or leave them out with --contestants pantau,faust"
        )
    return chosen


def _command(options: argparse.Namespace) -> str:
    parts = ["pantau bench streams", f"--events {options.events}", f"--rounds {options.rounds}"]
    if options.flush_ms != 100:
        parts.append(f"--flush-ms {options.flush_ms}")
    return " ".join(parts)


def _versions() -> dict[str, str]:
    found = versions("faust-streaming", "aiokafka", "msgspec")
    if RIVALS.exists():
        script = (
            "from importlib.metadata import version as v\n"
            "for n in ('bytewax', 'quixstreams', 'confluent-kafka', 'msgspec'): print(n, v(n))"
        )
        answered = subprocess.run(
            [RIVALS, "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
        for line in answered.stdout.splitlines():
            name, number = line.split()
            found[f"{name} (peers)" if name in found else name] = number
    return found


if __name__ == "__main__":
    main()
