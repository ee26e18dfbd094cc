"""Who takes part, how each is started, and where its rows are read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.ground import RIVALS, Ground
from bench.peers.job import Order
from bench.streams.expected_rows import Reader, floor_rows, unit_rows
from bench.streams.generate import Content
from contracts.results.topics import SPPG_EVENTS, UNIT_WINDOWS


@dataclass(frozen=True)
class Workload:
    """One topic content. `span_ms`: how far back its times go, `hours_a_day` of each day; `share`: of the events
    asked for; `batch`: records read at once.
    """

    name: str
    title: str
    lines_a_record: int
    span_ms: int
    share: float
    batch: int
    hours_a_day: int = 24


_LIVE_MS: Final = 10 * 60_000
REPLAY_MS: Final = 3 * 86_400_000

WORKLOADS: Final = (
    Workload("live-lines", "live, 200 lines a record", 200, _LIVE_MS, 1.0, 20),
    Workload("replay-lines", "replay over days, 200 lines a record", 200, REPLAY_MS, 1.0, 20, 13),
    Workload("live-single", "live, one event a record", 1, _LIVE_MS, 0.25, 2_000),
    Workload(
        "replay-single", "replay over days, one event a record", 1, REPLAY_MS, 0.25, 2_000, 13
    ),
)


@dataclass(frozen=True)
class Contestant:
    """`module` runs with `python`; `only`: lines a record that it is asked to take, 0 for any; `has_areas`: it folds areas too."""

    name: str
    title: str
    module: str
    python: str
    only: int = 0
    is_ours: bool = False
    is_floor: bool = False
    has_areas: bool = False

    def takes(self, workload: Workload) -> bool:
        """Whether it takes part."""
        return self.only in (0, workload.lines_a_record)

    def start(self, ground: Ground, order: Order) -> subprocess.Popen[bytes]:
        """Its process."""
        environment: Mapping[str, str] = ground.worker_environment() | order.environment()
        return ground.start([self.python, "-m", self.module], environment, self.name)

    def topic(self, out: str) -> str:
        """Where its rows are read."""
        return UNIT_WINDOWS if self.is_ours else out

    @property
    def table(self) -> bytes | None:
        """Which of the table lines there are its rows."""
        return b"performance" if self.is_ours else None

    def reader(self, content: Content) -> Reader:
        """Reads a record of rows."""
        return floor_rows if self.is_floor else unit_rows(content.now_ms)


_OURS: Final = sys.executable

CONTESTANTS: Final = (
    Contestant("floor", "floor: read and decode", "bench.peers.floor", str(RIVALS), is_floor=True),
    Contestant("pantau", "Pantau's agent", "bench.streams.unit_agent", _OURS, is_ours=True),
    Contestant(
        "pantau-all", "Pantau's whole worker", "streams", _OURS, is_ours=True, has_areas=True
    ),
    Contestant("bytewax", "Bytewax, recovery on", "bench.peers.bytewax_flow", str(RIVALS)),
    Contestant("quix", "Quix Streams, changelog on", "bench.peers.quix_app", str(RIVALS)),
    Contestant("faust", "plain Faust, a table write an event", "bench.peers.faust_plain", _OURS, 1),
)


def order_for(ground: Ground, workload: Workload, name: str, out: str, run: int) -> Order:
    """What a contestant gets; each run has a group and a folder of its own."""
    home = ground.home / f"{name}-{run}"
    home.mkdir()
    return Order(
        ground.broker,
        SPPG_EVENTS,
        out,
        f"bench-{name}-{run}",
        ground.flush_ms / 1000,
        workload.batch,
        home,
        ground.registry_file,
    )
