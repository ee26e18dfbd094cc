"""`python -m bench.sinks`: CPU a table line of the sink and of ClickHouse, beside the same bytes sent to the same ClickHouse.

    folds --> lines --> Kafka --> sink ---> ClickHouse
                '-----> files --> pipe -->    "

Lines are those of a replay of three days, nearly all of them rows of their own, and of ten minutes with many flushes, whose lines overtake
each other within a batch. The sink, the pipe, and the pipe with lines without names take turns, round by round, on an empty store each
time; after each turn it must hold the same rows. Takes some 10 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import closing

from bench.ground import Ground, ground, machine, output_options, publish
from bench.pipeline.hops import HopReader
from bench.pipeline.kitchen_requests import DAY_MS, LIVE_MS, LoadScenario
from bench.sinks.folded_lines import (
    InsertBlock,
    LineWorkload,
    blocks,
    compact,
    contents,
    fold_lines,
)
from bench.sinks.sink_turns import SETTLE_S, SinkTurns, Turn, compact_records, write_records
from bench.sinks.sinks_report import (
    COMPACT,
    PIPE,
    SINK,
    LineCost,
    LineSize,
    SinkResult,
    SinksRun,
    write,
)
from bench.store_server import StoreServer, serving
from chassis import logs
from chassis.kafka.cluster import Cluster
from contracts.results.topics import TABLE_TOPICS
from contracts.time.clock import real_now_ms, rfc3339
from sinks.reader import MAX_ROWS
from sinks.writer import MAX_INSERT_ROWS
from storage import migrate

_REPLAY_FLUSH = 1_000
_LIVE_FLUSH = 50


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def workloads(options: argparse.Namespace) -> tuple[LineWorkload, ...]:
    """What the lines are made from."""
    replay = LoadScenario("replay", options.replay_events, 1, 3 * DAY_MS, hours_a_day=13)
    live = LoadScenario("overtaken", options.live_events, 1, LIVE_MS)
    return LineWorkload(replay, _REPLAY_FLUSH), LineWorkload(live, _LIVE_FLUSH)


def _sizes(every: Sequence[InsertBlock]) -> list[LineSize]:
    by_table: dict[str, list[bytes]] = {}
    for block in every:
        by_table.setdefault(block.table, []).extend(block.lines)
    return [
        LineSize(
            f"`{table}`",
            len(lines),
            sum(map(len, lines)) / len(lines),
            sum(len(compact(line)) for line in lines) / len(lines),
        )
        for table, lines in by_table.items()
    ]


def measure(
    place: Ground, server: StoreServer, workload: LineWorkload, options: argparse.Namespace
) -> SinkResult:
    """All contestants on one workload."""
    flushes = fold_lines(place.registry, workload)
    every, expected = [*blocks(flushes)], contents(flushes)
    count = sum(len(block.lines) for block in every)
    name = workload.events.name
    _tell(f"{name}: {count:,} lines")
    beside = place.fresh()
    folder = place.home / "kafka" / "log"
    with closing(HopReader(Cluster(place.broker), folder, server.client())) as hops:
        turns = SinkTurns(place, server, hops, flushes, expected)
        contestants: dict[str, Callable[[], Turn]] = {
            SINK: lambda: turns.sink(options.idle_s),
            PIPE: lambda: turns.pipe(every, is_compact=False),
            COMPACT: lambda: turns.pipe(every, is_compact=True),
        }
        rounds: dict[str, list[LineCost]] = {contestant: [] for contestant in contestants}
        for number in range(options.rounds):
            for contestant, take in contestants.items():
                turn = take()
                client, clickhouse = (seconds / count * 1e6 for seconds in turn.used)
                rounds[contestant].append(LineCost(client, clickhouse, turn.inserts, turn.rows))
                _tell(f"  {number + 1}, {contestant}: {client:.2f} + {clickhouse:.2f} us a line")
        stored = hops.read().bytes
        named = sum(stored[topic] for topic in TABLE_TOPICS) / options.rounds
        bare = ([one for out in flush for one in compact_records(out, beside)] for flush in flushes)
        asyncio.run(write_records(place.broker, bare))
        stored = hops.read().bytes
        in_kafka = LineSize("all, in Kafka", count, named / count, stored[beside] / count)
    made_of = f"{workload.events.events:,} events, a flush with rows each {workload.a_flush:,}"
    rows = sum(one.rows for one in expected.values())
    return SinkResult(name, made_of, count, rows, rounds, [*_sizes(every), in_kafka])


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.sinks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="turns of each contestant (default: 5)")
    add(
        "--replay-events",
        type=int,
        default=3_000,
        help="of the replay, some 44 lines each (default: 3000)",
    )
    add(
        "--live-events",
        type=int,
        default=5_000,
        help="of the ten minutes, some 18 lines each (default: 5000)",
    )
    add(
        "--idle-s",
        type=float,
        default=10.0,
        help="for which the sink idles before each of its turns (default: 10)",
    )
    output_options(parser)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes docs/bench/sinks.md."""
    options = options_of(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    with ground(1, 300) as place, serving(place.home) as server:
        migrate.run(server.client())
        results = [measure(place, server, one, options) for one in workloads(options)]
    command = " ".join(["python -m bench.sinks", *(arguments or sys.argv[1:])])
    run = SinksRun(command, where, when, options.rounds, SETTLE_S, MAX_ROWS, MAX_INSERT_ROWS)
    publish(write(run, results), "sinks.md", options)


if __name__ == "__main__":
    main()
