"""All folds of an installation in this process, with their state as Kafka would keep it.

    records --> UnitFold a topic and partition --drain--> region.feed --> RegionFold --drain--> rows, live
                      state (compacted) <--'                  state, live (compacted) <--'

`Plant.crash(...)` throws a fold's memory away and builds it anew from what was drained: whatever it had applied since is applied again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from contracts.registry.entities import RegionRegistry
from contracts.results.public_rows import VIEWS
from contracts.results.reached import Reached, decode_progress
from contracts.results.topics import (
    EVENT_TOPICS,
    HEAD_KEY,
    LIVE,
    PROGRESS,
    REGION_FEED,
    REGISTRY_CHANGE,
    SEQ_HEADER,
    TABLE_HEADER,
    TICK,
    topics,
)
from streams.core.alerts.alert_stage import AT_MOST
from streams.core.fold import Flush, Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold
from tests.streams.model_words import Key, Rows

EPOCH: Final = "epoch-1"
LIMITS: Final = {topic.name: int(topic.config["max.message.bytes"]) for topic in topics(1, 1)}
SLACK: Final = 1_000
"""Bytes of a record's headers and of its batch's own."""
Place = tuple[str, int]


@dataclass
class InputLog:
    """One input partition: its records, how far they were applied and how far drained."""

    records: list[Record] = field(default_factory=list)
    applied: int = 0
    drained: int = 0


class Plant:
    """`partitions` of each event topic; one partition of `region.feed`; `alerts_at_most`: see `RegionFold`."""

    def __init__(self, partitions: int, alerts_at_most: int = AT_MOST) -> None:
        self.partitions = partitions
        self._alerts_at_most = alerts_at_most
        self.places: list[Place] = [(t, p) for t in EVENT_TOPICS for p in range(partitions)]
        self.logs: dict[Place, InputLog] = {place: InputLog() for place in self.places}
        self.feed = InputLog()
        self.state: dict[Place, dict[bytes, bytes]] = {place: {} for place in self.places}
        self.region_state: dict[bytes, bytes] = {}
        self.live: dict[str, dict[str, Any]] = {}
        self.live_raw: dict[bytes, bytes] = {}
        self.heads: list[dict[str, Any]] = []
        self.rows: Rows = {}
        self.revisions: dict[Key, int] = {}
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.progress: list[Reached] = []
        self.units = {place: UnitFold(*place, partitions, 1) for place in self.places}
        self.region = self._region()

    def _region(self) -> RegionFold:
        return RegionFold(0, len(self.places), EPOCH, alerts_at_most=self._alerts_at_most)

    # --- input

    def append(self, place: Place, at: int, value: bytes, control: str = "") -> int:
        log = self.logs[place]
        log.records.append(Record(len(log.records), at, value, b"", control))
        return len(log.records) - 1

    def registries(self, at: int, registries: Sequence[RegionRegistry]) -> None:
        for place in self.places:
            for registry in registries:
                self.append(place, at, registry.encode(), REGISTRY_CHANGE)

    def tick(self, at: int) -> None:
        for place in self.places:
            self.append(place, at, b"{}", TICK)

    # --- work

    def step(self, place: Place, count: int = 1) -> None:
        log = self.logs[place]
        records = log.records[log.applied : log.applied + count]
        self.units[place].apply(*records)
        log.applied += len(records)

    def flush(self, place: Place, with_rows: bool = True) -> None:
        log = self.logs[place]
        flush = self.units[place].drain(log.applied, with_rows)
        log.drained = log.applied
        _keep(self.state[place], flush)
        self._outputs(flush)

    def step_region(self, count: int = 1_000_000) -> None:
        for record in self.feed.records[self.feed.applied : self.feed.applied + count]:
            self.region.apply(record)
            self.feed.applied += 1

    def flush_region(self, with_rows: bool = True) -> bool:
        """Whether more is due."""
        flush = self.region.drain(self.feed.applied, with_rows)
        self.feed.drained = self.feed.applied
        _keep(self.region_state, flush)
        self._outputs(flush)
        return flush.is_behind

    def crash(self, place: Place) -> None:
        log = self.logs[place]
        fold = self.units[place] = UnitFold(*place, self.partitions, 1)
        for key, value in reversed(self.state[place].items()):
            fold.restore("unit.state", key, value)
        fold.restored()
        log.applied = log.drained

    def crash_region(self) -> None:
        self.region = self._region()
        for key, value in self.region_state.items():
            self.region.restore("region.state", key, value)
        for key, value in self.live_raw.items():
            self.region.restore(LIVE, key, value)
        self.region.restored()
        self.feed.applied = self.feed.drained

    def finish(self) -> None:
        """Everything that lies in the logs is applied and drained; rows for the tables change nothing on the wall but
        rows of several days.
        """
        for place in self.places:
            self.step(place, len(self.logs[place].records))
            self.flush(place, with_rows=False)
        self.step_region()
        while self.flush_region(with_rows=False):
            pass
        shown = self._shown()
        for place in self.places:
            self.flush(place)
        self.step_region()
        self.flush_region()
        assert self._shown() == shown

    def _shown(self) -> dict[str, dict[str, Any]]:
        """What walls are sent with each flush."""
        stamps = ("as_of", "revision", "updated_at")
        return {
            name: {field: value for field, value in row.items() if field not in stamps}
            for name, row in self.live.items()
            if row.get("window") not in ("7d", "30d")
        }

    # --- output

    def _outputs(self, flush: Flush) -> None:
        frame: list[tuple[str, bytes | None, int]] = []
        for out in flush.out:
            assert out.value is None or len(out.value) + SLACK <= LIMITS[out.topic]
            if out.topic == REGION_FEED:
                assert out.value is not None
                self.feed.records.append(Record(len(self.feed.records), 0, out.value))
            elif out.topic == LIVE:
                assert out.key is not None
                self._live(out.key, out.value)
                frame.append((out.key.decode(), out.value, int(dict(out.headers)[SEQ_HEADER])))
            elif out.topic == PROGRESS:
                assert out.value is not None
                self._take_progress(decode_progress(out.value))
            else:
                assert out.value is not None
                table = dict(out.headers)[TABLE_HEADER].decode()
                for line in out.value.split(b"\n"):
                    self._table(table, msgspec.json.decode(line))
        self._check_frames(frame)

    def _take_progress(self, reached: list[Reached]) -> None:
        """Nothing is said that a crash of the unit fold could still take back, and nothing is taken back."""
        for one in reached:
            if one.topic != REGION_FEED:
                assert one.position <= self.logs[one.topic, one.partition].drained
        before = {(one.topic, one.partition): one for one in self.progress}
        after = {(one.topic, one.partition): one for one in reached}
        assert before.keys() <= after.keys()
        for place, one in before.items():
            assert one.position <= after[place].position and one.time_ms <= after[place].time_ms
        self.progress = reached

    def _table(self, table: str, row: dict[str, Any]) -> None:
        if table not in VIEWS:
            self.tables[table].append(row)
            return
        revision = row.pop("revision")
        row.pop("updated_at")
        group = row.get("group", "")
        key = (table, row["level"], row["area_id"], group, row["window"], row["window_end"])
        assert self.revisions.get(key, -1) < revision, f"{key}: a revision must grow"
        self.revisions[key] = revision
        self.rows[key] = row

    def _live(self, key: bytes, value: bytes | None) -> None:
        name = key.decode()
        if value is None:
            self.live_raw.pop(key, None)
            self.live.pop(name, None)
            return
        self.live_raw[key] = value
        if not name.endswith(HEAD_KEY):
            self.live[name] = msgspec.json.decode(value)

    def _check_frames(self, frame: list[tuple[str, bytes | None, int]]) -> None:
        """Each region's frame ends with a head, once time is known; seq grows by one if anything else is in it, else stays."""
        by_region: dict[str, list[tuple[str, bytes | None, int]]] = defaultdict(list)
        for item in frame:
            by_region[item[0].split("|")[0]].append(item)
        for region, items in by_region.items():
            name, value, seq = items[-1]
            before = [one["seq"] for one in self.heads if one["region"] == region]
            if name != f"{region}|{HEAD_KEY}":
                assert not before, "rows without a head: only before the first one"
                assert {one[2] for one in items} == {0}
                continue
            assert value is not None
            head = msgspec.json.decode(value) | {"region": region}
            assert head["seq"] == seq
            assert {one[2] for one in items} == {seq}
            assert seq == (before[-1] if before else 0) + (len(items) > 1)
            assert head["epoch"] == EPOCH
            self.heads.append(head)

    def exceptions(self) -> dict[tuple[str, int, int, int], tuple[str, str]]:
        return {
            (row["topic"], row["partition"], row["offset"], row["line"]): (
                row["verdict"],
                row["code"],
            )
            for row in self.tables["exceptions"]
        }

    def statuses(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Newest revision of each event's status; two of one revision would be a coin to toss."""
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self.tables["event_status"]:
            held = newest.get((row["source"], row["id"]))
            assert held is None or held["revision"] != row["revision"] or held == row
            if held is None or row["revision"] >= held["revision"]:
                newest[row["source"], row["id"]] = row
        return newest


def _keep(state: dict[bytes, bytes], flush: Flush) -> None:
    for key, value in flush.state.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
