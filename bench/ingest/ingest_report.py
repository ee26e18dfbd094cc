"""docs/bench/ingest.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

_TEXT = """\
# What an event costs in ingest

    python -m bench.ingest --rounds {rounds} --events {events}

{machine}. {date}.

CPU of the service's process an event, median of {rounds} rounds, both services up at once and measured in turn. The bare endpoint
(`bench/ingest/bare_endpoint.py`) parses JSON with FastAPI and sends one record an event, with ingest's linger and acks; it checks,
stamps and groups nothing.

| events a request | ingest, µs | bare, µs | ratio | to the bare endpoint's single event | asked: at most | |
|---:|---:|---:|---:|---:|---:|---|
{costs}

Asked is what an event costs beside the bare endpoint that gets one event a request.

From the moment when a request was due to its 202, one event a request, 24 connections, broker and senders on the same machine:

| requests a second | p50, ms | p99, ms | greatest, ms |
|---:|---:|---:|---:|
{delays}
"""
_ASKED = {50: 0.25, 1: 1.3}


class CostRow(NamedTuple):
    """CPU microseconds an event at `events` a request."""

    events: int
    ingest_us: float
    bare_us: float


class DelayRow(NamedTuple):
    """`delays`: seconds of each request at `rate` a second."""

    rate: int
    delays: Sequence[float]


def write(
    machine: str,
    date: str,
    options: argparse.Namespace,
    costs: Sequence[CostRow],
    delays: Sequence[DelayRow],
) -> str:
    """The page, Markdown."""
    [single_us] = (one.bare_us for one in costs if one.events == 1)
    cost_rows = [_cost_line(one, single_us) for one in costs]
    delay_rows = []
    for one in delays:
        sorted_ms = sorted(delay * 1000 for delay in one.delays)
        p50, p99 = (sorted_ms[int(q * len(sorted_ms))] for q in (0.5, 0.99))
        delay_rows.append(f"| {one.rate:,} | {p50:.1f} | {p99:.1f} | {sorted_ms[-1]:.1f} |")
    return _TEXT.format(
        machine=machine,
        date=date,
        rounds=options.rounds,
        events=options.events,
        costs="\n".join(cost_rows),
        delays="\n".join(delay_rows),
    )


def _cost_line(cost: CostRow, single_us: float) -> str:
    ratio, asked = cost.ingest_us / single_us, _ASKED[cost.events]
    verdict = "met" if ratio <= asked else "**missed**"
    return (
        f"| {cost.events} | {cost.ingest_us:.0f} | {cost.bare_us:.0f} | {cost.ingest_us / cost.bare_us:.2f} | {ratio:.2f} "
        f"| {asked} | {verdict} |"
    )
