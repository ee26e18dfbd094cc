"""How far each part has come with what it reads: the records of topic `progress`, and what a gateway answers (`GET /v1/walls`).

A record's key names who wrote it (`area.windows/<partition>` of the region stage, `sinks/<reader>`), its value is all that
the writer knows: the newest of each key counts.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.results.topics import AREA_WINDOWS

LANDED: Final = "clickhouse"
"""`stream` of what the sink has written: the records of a topic themselves, not what came of them."""
SINKS_KEY: Final = "sinks/"


class Reached(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything of a topic's partition before offset `position` is in `stream`.

    `stream`: as in table `positions`, or `LANDED`; `time_ms`: the region's clock up to which rows are in that time alone
    makes due, epoch ms; 0 where there are none. Of the streams: in their sums, and in what walls are sent; of the sinks: in ClickHouse.
    """

    stream: str
    topic: str
    partition: int
    position: int
    time_ms: int = 0


encode_progress: Final = msgspec.json.Encoder().encode
decode_progress: Final = msgspec.json.Decoder(list[Reached]).decode


def area_stream(region_partition: int) -> str:
    """`stream` of what the region stage's fold of this partition has applied of an event topic."""
    return f"{AREA_WINDOWS}/{region_partition}"


class ShownTo(msgspec.Struct):
    """`walls` clients were sent a state that has all events before `positions`.

    `as_of_ms`: as the head of `live` says it, epoch ms; `positions`: by `topic/partition` of the events' input.
    """

    walls: int
    as_of_ms: int
    positions: dict[str, int]


class WallsAnswer(msgspec.Struct):
    """All clients that show the region, those of one state together."""

    shown: list[ShownTo]
