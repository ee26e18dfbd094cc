"""`python -m bench.ingest`: CPU an event of ingest and of a bare endpoint in one run, and the p99 of ingest's 202 at set rates.

    24 connections of 24 kitchens --> ingest | bare endpoint --> one broker

Both run at once and are measured in turn, round by round, so that the machine is the same for both. CPU is that of the
service's process; of the broker's and the senders' nothing is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import httpx

from bench.ground import (
    REGION,
    Ground,
    cpu_s,
    end,
    ground,
    machine,
    output_options,
    publish,
    until,
)
from bench.http_connection import LoadConnection
from bench.ingest.ingest_report import CostRow, DelayRow, write
from chassis.datadir import DataDir
from contracts.time.clock import real_now_ms, rfc3339
from contracts.tokens import device_claims, issue
from engines.kafka.broker import pick_port

_CONNECTIONS: Final = 24
_EVENT: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"
_PATH: Final = "/v1/events"
_RATES: Final = (200, 1_000)
_START_S: Final = 60.0


def event_of(unit: str) -> dict[str, Any]:
    """A delivery: the type with the most to check."""
    now_ms = real_now_ms()
    data = {
        "trip": "T-1",
        "batch": "B-1",
        "portions": 312,
        "temp_c": 64.5,
        "package": "fresh",
        "cooked_at": rfc3339(now_ms - 3_600_000),
    }
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/{REGION}/sppg/{unit}",
        "type": "sppg.delivery.received",
        "time": rfc3339(now_ms),
        "data": data,
    }


class Senders:
    """The connections to one service. `units`: (unit, a recipient of it, token)."""

    def __init__(self, url: str, units: list[tuple[str, str, str]]) -> None:
        self._url = url
        self._units = units

    def bodies(self, unit: str, recipient: str, events: int) -> bytes:
        """One request: of one event, or an array."""
        some = [event_of(unit) | {"subject": recipient} for _ in range(events)]
        return json.dumps(some if events > 1 else some[0]).encode()

    async def flood(self, requests: int, events: int) -> None:
        """So many requests of `events` each, as fast as the answers come."""
        share = requests // len(self._units)
        async with asyncio.TaskGroup() as group:
            for unit, recipient, token in self._units:
                made = [self.bodies(unit, recipient, events) for _ in range(share)]
                group.create_task(self._flood(made, token, events))

    async def _flood(self, bodies: list[bytes], token: str, events: int) -> None:
        connection = LoadConnection(self._url, token)
        await connection.connect()
        for body in bodies:
            await connection.post(_PATH, body, _BATCH if events > 1 else _EVENT)
        connection.close()

    async def delays(self, rate: int, seconds: float) -> list[float]:
        """Seconds from the due time of each request of one event to its 202, whatever came of the one before."""
        found: list[float] = []
        start = time.monotonic() + 0.2
        gap_s = len(self._units) / rate

        async def one(number: int, unit: str, recipient: str, token: str) -> None:
            connection = LoadConnection(self._url, token)
            await connection.connect()
            for step in range(int(seconds / gap_s)):
                body = self.bodies(unit, recipient, 1)
                due = start + gap_s * (step + number / len(self._units))
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await connection.post(_PATH, body, _EVENT)
                found.append(time.monotonic() - due)
            connection.close()

        async with asyncio.TaskGroup() as group:
            for number, unit in enumerate(self._units):
                group.create_task(one(number, *unit))
        return found


def _cost(pid: int, senders: Senders, requests: int, events: int) -> float:
    """CPU microseconds an event of process `pid`."""
    before = cpu_s(pid)
    asyncio.run(senders.flood(requests, events))
    return (cpu_s(pid) - before) / (requests // _CONNECTIONS * _CONNECTIONS * events) * 1e6


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.TransportError:
        return False


def _services(place: Ground) -> Iterator[tuple[str, Any, str]]:
    """Name, process and address of both, ready."""
    for name in ("ingest", "bare"):
        port = pick_port()
        environment = place.worker_environment() | {"PANTAU_INGEST_PORT": str(port)}
        module = ["producers.ingest"] if name == "ingest" else ["bench.ingest.bare_endpoint", place.broker, str(port)]  # fmt: skip
        process = place.start([sys.executable, "-m", *module], environment, name)
        ready = f"http://127.0.0.1:{port}/{'readyz' if name == 'ingest' else 'openapi.json'}"
        until(partial(_answers, ready), _START_S, f"{name} is not ready")
        yield name, process, f"http://127.0.0.1:{port}"


def main() -> None:
    """Measures and writes docs/bench/ingest.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=12_000, help="an event count a round")
    parser.add_argument("--seconds", type=float, default=10, help="at each rate")
    output_options(parser)
    options = parser.parse_args()
    where = machine()
    with ground(2, 100) as place:
        units = _units(place)
        services = list(_services(place))
        try:
            senders = {name: Senders(url, units) for name, _, url in services}
            pids = {name: process.pid for name, process, _ in services}
            for name in pids:
                _cost(pids[name], senders[name], 480, 1)
            costs = [
                _compare(pids, senders, options.rounds, options.events, events)
                for events in (50, 1)
            ]
            delays = [
                DelayRow(rate, asyncio.run(senders["ingest"].delays(rate, options.seconds)))
                for rate in _RATES
            ]
        finally:
            for _, process, _ in services:
                end(process)
    publish(write(where, rfc3339(real_now_ms()), options, costs, delays), "ingest.md", options)


def _compare(
    pids: dict[str, int], senders: dict[str, Senders], rounds: int, total: int, events: int
) -> CostRow:
    found: dict[str, list[float]] = {name: [] for name in pids}
    # A quarter of the events one by one: they cost many times as much.
    requests = total // 50 if events > 1 else total // 4
    for _ in range(rounds):
        for name, costs in found.items():
            costs.append(_cost(pids[name], senders[name], requests, events))
    return CostRow(events, statistics.median(found["ingest"]), statistics.median(found["bare"]))


def _units(place: Ground) -> list[tuple[str, str, str]]:
    key = DataDir(place.home).key()
    recipient = {one.unit_id: one.recipient_id for one in place.registry.recipients}
    kitchens = [one.unit_id for one in place.registry.units if one.unit_id in recipient]
    return [
        (unit, recipient[unit], issue(key, device_claims(unit, real_now_ms())))
        for unit in kitchens[:_CONNECTIONS]
    ]


if __name__ == "__main__":
    main()
