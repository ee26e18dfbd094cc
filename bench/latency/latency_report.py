"""docs/bench/latency.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_TEXT = """\
# From the device to the wall

    python -m bench.latency --minutes {minutes:g} --rate {rate:g} --devices {devices}

{machine}. {date}.

{rate:g} events a second, one a request, from {devices} devices for {minutes:g} minutes: {events:,} events,
{frames:,} frames with rows, one wall.
Broker, ingest, streams, sink, ClickHouse, gateway, the devices and the wall all on this machine, on the real clock.

| until the event is in | p50, ms | p99, ms | greatest, ms |
|---|---:|---:|---:|
| the kitchen's row, from the 202 | {kitchen} |
| the kabupaten's row, from the 202 | {everywhere} |
| the kabupaten's row, from the request | {whole} |

| until a receipt says so, of {followed} followed | p50, ms | p99, ms | greatest, ms |
|---|---:|---:|---:|
| in all windows that are due | {windows} |
| in ClickHouse | {clickhouse} |
| on the wall | {walls} |

Asked: p99 under 1 s for the rows, from the 202. An event is in a row when the row's absolute `events` says so; for the kabupaten,
when that figure equals the sum of the kitchens' rows in the same map. A frame that comes before the 202 counts as 0.
Receipts are asked for every 25 ms, from the 202 on; gateways are asked at most every 0.3 s for what walls show.
"""


class Seen(NamedTuple):
    """Seconds of each event: 202 to kitchen's row, 202 to kabupaten's row, request to kabupaten's row; frames with rows."""

    kitchen: list[float]
    everywhere: list[float]
    whole: list[float]
    frames: int


class Followed(NamedTuple):
    """Seconds from the 202 until the receipt showed it, of each receipt that was followed."""

    windows: list[float]
    clickhouse: list[float]
    walls: list[float]


def quantile(values: Sequence[float], q: float) -> float:
    """The value at position floor(q * n) of the sorted ones."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def cells(values: Sequence[float]) -> str:
    """Median, 99th percentile and greatest of seconds, as cells of a table in milliseconds."""
    shown = (quantile(values, 0.5), quantile(values, 0.99), max(values))
    return " | ".join(f"{value * 1000:.0f}" for value in shown)


def write(
    seen: Seen,
    followed: Followed,
    rate: float,
    devices: int,
    minutes: float,
    machine: str,
    date: str,
) -> str:
    """The page."""
    return _TEXT.format(
        rate=rate,
        devices=devices,
        minutes=minutes,
        machine=machine,
        date=date,
        events=len(seen.kitchen),
        frames=seen.frames,
        kitchen=cells(seen.kitchen),
        everywhere=cells(seen.everywhere),
        whole=cells(seen.whole),
        followed=len(followed.walls),
        windows=cells(followed.windows),
        clickhouse=cells(followed.clickhouse),
        walls=cells(followed.walls),
    )
