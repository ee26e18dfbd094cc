"""docs/bench/audit.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_TEXT = """\
# The audit over a month

    python -m bench.audit

{machine}. {date}.

The store: {days} days of the region 32.11, {lines:,} event lines, {rows:,} rows of windows, {disk:,} MB on disk.
{folded:,} of the lines were simulated, folded and landed by the installation's own code without Kafka; the others are heartbeats
written by SQL, which put nothing into any row. Most lines: {types}.

| audit of | s, median | s, greatest | CPU of ClickHouse, s | its peak memory, MB |
|---|---:|---:|---:|---:|
{rows_of}

Asked: one day in under 10 s. No other part of the installation runs: beside a running one `pantau audit` also starts, waits until the
streams have passed one moment, at most a tick, and compares what has landed with Kafka. Each day is compared in all its windows, so the
events of the 30 days before are read. What it found:

{summary}
"""


class MeasuredStore(NamedTuple):
    """Event lines, those of them that were folded, rows of windows, bytes, and (type, lines) of the commonest types."""

    lines: int
    folded: int
    rows: int
    disk: int
    types: list[tuple[str, int]]


class AuditRun(NamedTuple):
    """One audit: its seconds, CPU seconds and peak memory of the server, and its summary."""

    what: str
    median_s: float
    greatest_s: float
    cpu_s: float
    peak_mb: int
    summary: str


def write(
    store: MeasuredStore, runs: Sequence[AuditRun], days: int, machine: str, date: str
) -> str:
    """The page."""
    return _TEXT.format(
        machine=machine,
        date=date,
        days=days,
        lines=store.lines,
        rows=store.rows,
        folded=store.folded,
        disk=store.disk // 1_000_000,
        types=", ".join(f"{name} {count:,}" for name, count in store.types),
        rows_of="\n".join(
            f"| {one.what} | {one.median_s:.1f} | {one.greatest_s:.1f} | {one.cpu_s:.1f} | {one.peak_mb:,} |"
            for one in runs
        ),
        summary="\n".join(f"    {one.summary}" for one in runs),
    )
