"""Whatever the interleaving of flushes, slow reads, compaction, gateway restarts and reconnects with
`since`: what a client holds is the server's map, filtered, as of the position that it names.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import Filter, MapPosition, RegionMap
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.stream.frames import FrameBuffer

REGION = "32.11"
KEYS = [f"performance/{level}/a{n}/1d" for level in ("unit", "kecamatan") for n in range(3)]
KEYS += ["alert-1", "coverage/unit/a1/all/1d"]
WANTED = Filter(frozenset(("performance", "alerts")), frozenset(("unit",)), public=False)
MINUTE = 60_000
DAY = 1440 * MINUTE
STEPS = (0, 1000, 11 * MINUTE, 13 * 60 * MINUTE, 25 * 60 * MINUTE)

Rows = dict[str, int]
Record = tuple[bytes, bytes | None, bytes, int]


def row(key: str, value: int) -> bytes:
    parts = key.split("/")
    topic, level = (parts[0], parts[1]) if len(parts) > 1 else ("alerts", None)
    body: dict[str, Any] = {"topic": topic, "key": key, "v": value}
    return json.dumps(body | ({"level": level} if level else {})).encode()


def seen(rows: Rows) -> Rows:
    return {
        key: v
        for key, v in rows.items()
        if ("/unit/" in key and "cover" not in key) or key == "alert-1"
    }


class Gateway:
    def __init__(self, now_ms: int) -> None:
        self.buffer = FrameBuffer(now_ms)
        self.map = RegionMap()
        self.read = 0

    def follow(self, log: list[Record], upto: int) -> None:
        for record in log[self.read : upto]:
            closed = self.buffer.add(*record)
            if closed:
                self.map.apply(closed[1])
        self.read = max(self.read, upto)


INPUT = "sppg.events/0"


class Client:
    """Applies frames as the contract says, and nothing else."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.at: MapPosition | None = None
        self.parts: list[dict[str, Any]] = []

    def take(self, text: str) -> None:
        frame = json.loads(text)
        if frame["op"] == "snapshot":
            self.parts.append(frame)
            assert frame["part"] == len(self.parts)
            if frame["part"] == frame["parts"]:
                self.rows = {r["key"]: r["v"] for part in self.parts for r in part["rows"]}
                self.at = MapPosition(frame["epoch"], frame["seq"])
                self.parts = []
            return
        assert not self.parts
        assert self.at is not None
        if frame["from"] <= self.at.seq < frame["seq"]:
            for key in frame["gone"]:
                self.rows.pop(key, None)
            self.rows |= {r["key"]: r["v"] for r in frame["rows"]}
            self.at = MapPosition(self.at.epoch, frame["seq"])
        else:
            assert frame["seq"] <= self.at.seq, "a gap"


class Law(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.time = 100 * DAY
        self.epochs = 0
        self.log: list[Record] = []
        self.truth: dict[MapPosition | None, Rows] = {None: {}}
        self.flushes: list[Rows] = []
        self.rows: Rows = {}
        self.new_epoch()
        self.gateways = [Gateway(self.time), Gateway(self.time)]
        self.client = Client()
        self.connect(0)

    @rule()
    def new_epoch(self) -> None:
        """The topic was made anew: readers begin at its beginning."""
        self.epochs += 1
        self.epoch, self.seq = f"e{self.epochs}", 0
        self.log.clear()
        self.rows = {}
        for gateway in getattr(self, "gateways", []):
            gateway.read = 0
            gateway.buffer.restart()
        self.flush({KEYS[0]: 1}, 0)

    @rule(
        changes=st.dictionaries(st.sampled_from(KEYS), st.none() | st.integers(0, 9), max_size=4),
        step=st.sampled_from(STEPS),
    )
    def flush(self, changes: dict[str, int | None], step: int) -> None:
        self.time += step
        self.seq += bool(changes)
        header = str(self.seq).encode()
        self.rows = dict(self.rows)
        for key, value in changes.items():
            body = None if value is None else row(key, value)
            self.log.append((f"{REGION}|{key}".encode(), body, header, self.time))
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
        facts = {"epoch": self.epoch, "seq": self.seq, "as_of": "", "now": ""}
        head = json.dumps(facts | {"positions": {INPUT: len(self.flushes)}}).encode()
        self.flushes.append(self.rows)
        self.log.append((f"{REGION}|~head".encode(), head, header, self.time))
        self.truth[MapPosition(self.epoch, self.seq)] = self.rows

    @rule(which=st.integers(0, 1), share=st.floats(0, 1))
    def follow(self, which: int, share: float) -> None:
        self.gateways[which].follow(self.log, int(len(self.log) * share))

    @rule(which=st.integers(0, 1), clean=st.floats(0, 1))
    def restart(self, which: int, clean: float) -> None:
        """A gateway reads the topic after the broker has compacted the first part of it."""
        part = int(len(self.log) * clean)
        last = {record[0]: index for index, record in enumerate(self.log)}
        compacted = [
            record
            for index, record in enumerate(self.log)
            if index >= part
            or (last[record[0]] == index and (record[1] is not None or record[3] > self.time - DAY))
        ]
        gateway = self.gateways[which] = Gateway(self.time)
        gateway.follow(compacted, len(compacted))
        gateway.read = len(self.log)

    @rule(which=st.integers(0, 1))
    def connect(self, which: int) -> None:
        self.gateway = which
        self.subscription = Subscription(REGION, WANTED, self.client.at)

    @rule(to_head=st.booleans(), limit=st.sampled_from((1, 200, 10_000)))
    def send(self, to_head: bool, limit: int) -> None:
        live = self.gateways[self.gateway].map
        update = self.subscription.next(live, to_head=to_head)
        if update is None:
            self.subscription.note_sent()
            return
        snapshot = update.since is None
        for sent in wire.snapshot(update, "", limit) if snapshot else [wire.delta(update)]:
            self.client.take(sent.text)
        self.subscription.note_sent()
        assert self.client.at == self.subscription.reached
        if to_head and live.position and self.client.at:
            assert live.position.epoch == self.client.at.epoch
            assert self.client.at.seq >= live.position.seq

    @rule()
    def send_at_once(self) -> None:
        """What the hub's round does for a client that has its first answer and is due a delta."""
        live = self.gateways[self.gateway].map
        update = live.since(self.subscription.reached, WANTED)
        if not self.subscription.answered or update is None or update.since is None:
            return
        self.subscription.follow(live, update)
        if not update.is_empty:
            self.client.take(wire.delta(update).text)
        assert self.client.at == self.subscription.reached
        assert not self.subscription.is_behind(live)

    @invariant()
    def holds_what_it_says(self) -> None:
        assert self.client.rows == seen(self.truth[self.client.at])

    @invariant()
    def shows_what_is_counted(self) -> None:
        """A client counts for an event only if its rows are those of a flush that had the event, or of a later one."""
        shown = self.subscription.shown
        if shown is not None and shown.positions:
            later = self.flushes[shown.positions[INPUT] :]
            assert any(self.client.rows == seen(rows) for rows in later)

    def teardown(self) -> None:
        if not hasattr(self, "gateways"):
            return
        self.follow(self.gateway, 1.0)
        for index in range(2):
            self.connect(index)
            self.follow(index, 1.0)
            self.send(True, 200)
        assert self.client.at == MapPosition(self.epoch, self.seq)
        assert self.client.rows == seen(self.rows)


Law.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
TestLaw = Law.TestCase
