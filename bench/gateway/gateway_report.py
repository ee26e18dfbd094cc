"""docs/bench/gateway.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.latency.latency_report import quantile

_TEXT = """\
# What a frame to a client costs the gateway

    {command}

{machine}. {date}.

Frames of 1 KB and 8 KB to so many clients, {gap:g} s apart, {frames} of each. The gateway reads rows from Kafka, applies them to its
map, makes a delta for each client's position, and watches and pings each client. The bare loop (`bench/gateway/bare_loop.py`) sends
the same text to one client after the other, with the same event loop and websocket library. CPU is that of the server's process, read
from `/proc`, less what it uses without clients; the delay is from the row's way to Kafka (bare: to the loop's stdin) to the client.
All of them, and the clients, run on the same machine.
Where the line above names a load of more than 1, other work ran beside: delays are then longer than they are alone.

| frame | clients | gateway, us a frame and client | bare loop, us | bare to gateway | gateway, p50 ms | p99 ms | bare, p99 ms |
|---:|---:|---:|---:|---:|---:|---:|---:|
{rows}

Asked: bare to gateway at least 0.7, p99 under 500 ms with 1,000 clients.
"""


class SendCost(NamedTuple):
    """`micros`: CPU a frame and client; `delays`: seconds."""

    micros: float
    delays: Sequence[float]


class GatewayRow(NamedTuple):
    """One size of frame (bytes) and number of clients."""

    size: int
    clients: int
    gateway: SendCost
    bare: SendCost


def _row(one: GatewayRow) -> str:
    p50, p99 = (quantile(one.gateway.delays, q) * 1000 for q in (0.5, 0.99))
    bare_p99 = quantile(one.bare.delays, 0.99) * 1000
    costs = f"{one.gateway.micros:.1f} | {one.bare.micros:.1f} | {one.bare.micros / one.gateway.micros:.2f}"
    return f"| {one.size:,} | {one.clients:,} | {costs} | {p50:.0f} | {p99:.0f} | {bare_p99:.0f} |"


def write(
    command: str, machine: str, date: str, gap_s: float, frames: int, rows: Sequence[GatewayRow]
) -> str:
    """The page."""
    return _TEXT.format(
        command=command,
        machine=machine,
        date=date,
        gap=gap_s,
        frames=frames,
        rows="\n".join(map(_row, rows)),
    )
