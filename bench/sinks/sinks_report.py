"""docs/bench/sinks.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

SINK, PIPE, COMPACT = "sink", "pipe", "pipe, without names"
_MOST = 1.5
_TEXT = """\
# What a table line costs through the sink

    {command}

{machine}. {date}.

CPU microseconds a line, user and system, of both processes; {rounds} rounds, in turns on one broker and one embedded ClickHouse. Shown is
the round whose sum is the median, and the least and greatest sum. A ratio is that of two turns of one round, and of these the
median: the speed of the machine changes from one round to the next. Where the line above names a load of more than 1, other
work ran beside.

- {sink}: `python -m sinks` as in an installation. When it is ready it is stopped, all lines are written as the streams write them, and it
  goes on, until it has committed their end, and {settle:g} s longer for merges. What both use when nothing comes is measured
  before that and taken off.
- {pipe}: the same bytes from files, over one HTTP connection (`bench/sinks/bare_pipe.py`), with the sink's settings, in inserts as
  large as those of a sink that is behind: of each {batch:,} lines one a table, {insert:,} rows at most.
- {compact}: the same rows as `JSONCompactEachRow`, the columns in the statement.

Before each turn the tables are emptied. After it they must hold the same rows: of each identity in the lines one, with the greatest
version.

{workloads}

| workload | contestant | client | ClickHouse | all | least to greatest | to {pipe} | inserts | rows inserted |
|---|---|---:|---:|---:|---:|---:|---:|---:|
{costs}

## Goals

| | measured | asked | |
|---|---:|---:|---|
{goals}

## Bytes a line

As sent, and as Kafka stores them with headers and marks of transactions: the streams use no codec, so nothing is compressed.

| workload | lines | number | with names | without | share of names |
|---|---|---:|---:|---:|---:|
{sizes}
"""


class LineCost(NamedTuple):
    """CPU microseconds a line of one turn; what ClickHouse counted."""

    client: float
    clickhouse: float
    inserts: int
    rows: int

    @property
    def all(self) -> float:
        """Of both processes."""
        return self.client + self.clickhouse


class LineSize(NamedTuple):
    """Bytes a line, of `lines` of them. `what`: a table, or Kafka."""

    what: str
    lines: int
    named: float
    compact: float


class SinkResult(NamedTuple):
    """`rows`: that are left of the lines; `rounds`: contestant -> its turns."""

    name: str
    made_of: str
    lines: int
    rows: int
    rounds: dict[str, list[LineCost]]
    sizes: Sequence[LineSize]

    def middle(self, contestant: str) -> LineCost:
        """The turn whose sum is the median."""
        turns = sorted(self.rounds[contestant], key=lambda one: one.all)
        return turns[len(turns) // 2]

    def ratio(self, contestant: str) -> float:
        """To the pipe in the same round; the median of the rounds. The machine's speed changes from one round to the next."""
        turns = zip(self.rounds[contestant], self.rounds[PIPE], strict=True)
        return median(one.all / pipe.all for one, pipe in turns)


def _cost_rows(results: Sequence[SinkResult]) -> Iterator[str]:
    for result in results:
        for name, turns in result.rounds.items():
            one = result.middle(name)
            sums = [turn.all for turn in turns]
            cells = (
                f"{one.client:.2f}", f"{one.clickhouse:.2f}", f"{one.all:.2f}", f"{min(sums):.2f} to {max(sums):.2f}",
                f"{result.ratio(name):.2f}", f"{one.inserts:,}", f"{one.rows:,}",
            )  # fmt: skip
            yield f"| {result.name} | {name} | {' | '.join(cells)} |"


def _goal_rows(results: Sequence[SinkResult]) -> Iterator[str]:
    for result in results:
        ratio = result.ratio(SINK)
        met = "met" if ratio <= _MOST else "missed"
        yield f"| {result.name}, {SINK} to {PIPE} | {ratio:.2f} | at most {_MOST:g} | {met} |"


def _size_rows(results: Sequence[SinkResult]) -> Iterator[str]:
    for result in results:
        for one in result.sizes:
            share = 1 - one.compact / one.named
            cells = f"{one.lines:,} | {one.named:.0f} | {one.compact:.0f} | {share:.0%}"
            yield f"| {result.name} | {one.what} | {cells} |"


class SinksRun(NamedTuple):
    """The circumstances."""

    command: str
    machine: str
    date: str
    rounds: int
    settle_s: float
    batch_lines: int
    insert_rows: int


def write(run: SinksRun, results: Sequence[SinkResult]) -> str:
    """The page."""
    workloads = [
        f"- {one.name}: {one.made_of}; {one.lines:,} lines of {one.rows:,} rows." for one in results
    ]
    return _TEXT.format(
        command=run.command,
        machine=run.machine,
        date=run.date,
        rounds=run.rounds,
        settle=run.settle_s,
        batch=run.batch_lines,
        insert=run.insert_rows,
        sink=SINK,
        pipe=PIPE,
        compact=COMPACT,
        workloads="\n".join(workloads),
        costs="\n".join(_cost_rows(results)),
        goals="\n".join(_goal_rows(results)),
        sizes="\n".join(_size_rows(results)),
    )
