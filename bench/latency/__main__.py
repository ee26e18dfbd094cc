"""`python -m bench.latency`: from an event's 202 to the first frame on the wall's socket that includes it.

    20 devices, one event a request, 200 a second in all --> ingest --> ... --> gateway --> this process's socket

An event is in the kitchen's row when the row's `events` has reached the number of events that the kitchen has posted up to it. It is in the
kabupaten's row when, besides, the kabupaten's `events` equals the sum of the kitchens' in the same map: then exactly those are in it.
Beside it receipts are followed, one at a time: until one says that its event is in the windows, in ClickHouse, and on this wall.
Without --ready an installation with all its parts is started on an empty folder, on the real clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import websockets

from bench.ground import REGION, installation, machine, output_options, publish
from bench.latency.device_load import Device
from bench.latency.latency_report import Followed, Seen, write
from bench.latency.receipt_watch import ReceiptWatch
from bench.latency.wall_reader import Wall
from chassis import logs
from contracts.time.clock import real_now_ms, rfc3339

_SETTLE_S: Final = 5.0
_LAST_S: Final = 30.0


async def send(devices: Sequence[Device], wall: Wall, rate: float, seconds: float) -> None:
    """Each device posts at its share of the rate, at set times whatever came of the one before."""
    start = time.monotonic()
    gap_s = len(devices) / rate

    async def one(number: int, device: Device) -> None:
        count = int(seconds / gap_s)
        for step in range(count):
            due = start + gap_s * (step + number / len(devices))
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent_s = time.monotonic()
            await device.post()
            wall.posted(device.unit, sent_s, time.monotonic())

    async with asyncio.TaskGroup() as group:
        for number, device in enumerate(devices):
            group.create_task(one(number, device))


async def measure(
    ready: dict[str, Any], tokens: dict[str, Any], rate: float, seconds: float, count: int
) -> tuple[Seen, Followed]:
    """Runs the devices, the wall and what follows receipts. Raises `TimeoutError` if an event is never seen."""
    units = [unit for unit in sorted(tokens["devices"]) if unit.startswith("SPPG-")][:count]
    devices, asking = (
        [Device(ready["ingest"], unit, REGION, tokens["devices"][unit]) for unit in units]
        for _ in range(2)
    )
    receipts = ReceiptWatch(devices, asking)
    address = ready["wall"].split("/#")[0].replace("http", "ws", 1) + "/ws"
    async with websockets.connect(address, subprotocols=["pantau.v1"], max_size=None) as socket:  # type: ignore[list-item]
        wall = Wall(units, REGION)
        await wall.begin(socket, tokens["wall"])
        reading = asyncio.create_task(wall.read(socket))
        for device in devices:
            await device.connect()
        # The first events open connections and warm caches of every part.
        await send(devices, wall, rate, _SETTLE_S)
        await wall.all_seen(_LAST_S)
        wall.forget()
        following = asyncio.create_task(receipts.run())
        await send(devices, wall, rate, seconds)
        following.cancel()
        await wall.all_seen(_LAST_S)
        reading.cancel()
        if following.done() and not following.cancelled():
            following.result()  # it ended by itself: a receipt stayed behind
        for device in devices:
            device.close()
    return wall.seen(), receipts.followed()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes docs/bench/latency.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=200.0, help="events a second, of all devices")
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--ready", help="ready line of a running `pantau up --dev-tokens`")
    output_options(parser)
    options = parser.parse_args(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    seconds = options.minutes * 60
    running = (
        nullcontext(json.loads(options.ready))
        if options.ready
        else installation("--dev-tokens", "--clock", "real")
    )
    with running as ready:
        tokens = json.loads(Path(ready["tokens"]).read_bytes())
        seen, followed = asyncio.run(measure(ready, tokens, options.rate, seconds, options.devices))
    text = write(seen, followed, options.rate, options.devices, options.minutes, where, when)
    publish(text, "latency.md", options)


if __name__ == "__main__":
    main()
