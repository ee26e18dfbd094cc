"""docs/bench/phone.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

_TEXT = """\
# The form's first paint on a slow phone

    {command}

{machine}. {date}.

Headless Chromium, 390x844, CPU slowed {cpu:g} times by the DevTools protocol (`Emulation.setCPUThrottlingRate`), {rounds} rounds,
medians. The phone opens a school's link (first visit: a new profile, enrolment included) and then the form again (second visit:
service worker). Times are from the start of the navigation to the first contentful paint, and until the school's tasks stand on
the screen to be touched. Bytes are what passed the wire in both directions until it was quiet for four seconds: headers, the API
and the service worker's own copy of the page included.

The network is a proxy (`bench/phone/paint.mjs`), as the browser's own throttle slows no service worker: so many kbit/s shared by
all connections, half a round trip on each way, two round trips for each new connection (TCP and TLS 1.3). Certificates and the
growth of TCP's window are not part of it: a real first visit takes a round trip or two more. The service worker's CPU is not
slowed. Where the line above names a load of more
than 1, other work ran beside: times are then longer than they are alone.

| network | visit | first paint, s | tasks, s | received, KB | sent, KB |
|---|---|---:|---:|---:|---:|
{rows}

Asked: under 120 KB over the wire.
"""


class Visit(msgspec.Struct, frozen=True):
    """`paint`, `usable`: ms since the start of the navigation; `sent`, `got`: bytes of the phone."""

    paint: float
    usable: float
    sent: int
    got: int


class Visits(msgspec.Struct, frozen=True):
    """Of one new phone."""

    first: Visit
    second: Visit


class Network(NamedTuple):
    """kbit/s, 0 for no limit, and the round trip."""

    name: str
    down: int
    up: int
    rtt_ms: int


def _row(network: str, visit: str, some: Sequence[Visit]) -> str:
    def middle(of: Callable[[Visit], float]) -> float:
        return statistics.median(map(of, some))

    paint, usable = middle(lambda one: one.paint) / 1000, middle(lambda one: one.usable) / 1000
    got, sent = middle(lambda one: one.got) / 1000, middle(lambda one: one.sent) / 1000
    return f"| {network} | {visit} | {paint:.1f} | {usable:.1f} | {got:.0f} | {sent:.0f} |"


def write(
    command: str,
    machine: str,
    date: str,
    cpu: float,
    found: Sequence[tuple[Network, Sequence[Visits]]],
) -> str:
    """The page."""
    rows = []
    for network, visits in found:
        rows.append(_row(network.name, "first", [one.first for one in visits]))
        rows.append(_row(network.name, "second", [one.second for one in visits]))
    rounds = len(found[0][1])
    return _TEXT.format(
        command=command, machine=machine, date=date, cpu=cpu, rounds=rounds, rows="\n".join(rows)
    )
