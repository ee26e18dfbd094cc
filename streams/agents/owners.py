"""The partitions that this worker owns, from assignment to revocation."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from faust.types import TP
from prometheus_client import Counter, Histogram

from chassis import logs
from chassis.kafka.interface import BROKER_ERRORS, FencedError
from streams.agents.owner import FetchedBatch, Owner, PositionError
from streams.core.state_format import UnreadableStateError

_FAILED: Final = 70
_log = logs.get(__name__)
_empty = Counter(
    "pantau_stream_empty_records_total", "Records without a value, which say nothing", ["topic"]
)
_flush_seconds = Histogram("pantau_stream_flush_seconds", "Seconds a flush takes", ["topic"])
_records = Counter("pantau_stream_records_total", "Records folded", ["topic"])


@dataclass(frozen=True, slots=True)
class OwnersPatience:
    """How long a partition may make no progress, seconds."""

    idle_s: float = 10.0
    """Without progress for so long the log is asked whether it goes on, by a connection of its own."""
    stuck_s: float = 20.0
    """Standing still with records to read for so much longer is no slowness."""
    stuck_checks: int = 4
    """Seen so in so many checks before: a worker whose loop stood still has folded nothing, and goes on by itself."""
    ask_s: float = 15.0
    again_s: float = 60.0
    """An answer takes a connection of its own: that nothing more is there holds for so long, unless the log grows."""
    flush_s: float = 90.0
    """The broker aborts a transaction that takes longer than 60 s."""

    @classmethod
    def beside_ticks(cls, interval_s: float) -> OwnersPatience:
        """Of partitions that get a tick each `interval_s` seconds of real time: a late one is no reason to ask."""
        return cls(idle_s=interval_s + 10.0)


class _Standstill(NamedTuple):
    """A partition that has more to read: where it stands, since when (monotonic seconds), and how many checks found it there."""

    position: int
    since: float
    checks: int


class Owners:
    """`make` builds the owner of a partition, or gives None for one that needs none (the ticker's).

    `end`: where a partition's committed records end, None if that is not known now.
    """

    def __init__(
        self,
        make: Callable[[TP], Owner | None],
        end: Callable[[str, int], int | None],
        patience: OwnersPatience = OwnersPatience(),
    ) -> None:
        self._make = make
        self._end = end
        self._patience = patience
        self._owners: dict[TP, Owner] = {}
        self._revocations = 0
        self._taking = 0
        self._unowned_since: float | None = None
        self._behind: dict[TP, _Standstill] = {}
        self._read_out: dict[TP, tuple[tuple[int, int | None], float]] = {}
        self._changed = asyncio.Event()

    async def take_over(self, places: Iterable[TP]) -> dict[TP, int]:
        """Takes over what was assigned and is not owned yet; returns the offset to go on from for each.

        A failure ends the process: a worker that is assigned what it cannot own holds everybody up.
        """
        wanted = set(places)
        for place in [place for place in self._owners if place not in wanted]:
            await self._drop(place)
        missing = [place for place in wanted if place not in self._owners]
        self._taking += 1
        # Restoring makes only what stays: searching it for garbage costs a second a million events.
        gc.disable()
        try:
            await asyncio.gather(*(self._take(place, self._revocations) for place in missing))
        except (*BROKER_ERRORS, PositionError, UnreadableStateError) as error:
            _log.critical("cannot take over", error=str(error) or repr(error))
            os._exit(_FAILED)
        finally:
            self._taking -= 1
            if not self._taking:
                # Nor is it searched later: the first search would come before the first row, and take most of a second.
                gc.freeze()
                gc.enable()
        return {place: owner.position for place, owner in self._owners.items()}

    async def _take(self, place: TP, revocations: int) -> None:
        owner = self._make(place)
        if owner is None:
            return
        is_ours = False
        try:
            await owner.take_over()
            # A rebalance may have come in between: then it may be another's by now.
            is_ours = revocations == self._revocations
        finally:
            if not is_ours:
                await owner.close()
        if is_ours:
            self._owners[place] = owner

    async def revoke(self, places: Iterable[TP]) -> None:
        """Drops everything of the partitions."""
        self._revocations += 1
        for place in places:
            await self._drop(place)

    @property
    def is_taking(self) -> bool:
        """Whether a take-over is under way."""
        return self._taking > 0

    def unowned_s(self, assigned: Iterable[TP]) -> float:
        """Seconds for which something assigned has not been owned though no take-over is under way:
        a worker that woke up late has fenced us.
        """
        if self.is_taking or all(place in self._owners for place in assigned):
            self._unowned_since = None
            return 0.0
        now = time.monotonic()
        if self._unowned_since is None:
            self._unowned_since = now
        return now - self._unowned_since

    @property
    def flushing_s(self) -> float:
        """Seconds for which the slowest flush has been under way; 0 if none is. From any thread."""
        return max((owner.flushing_s for owner in list(self._owners.values())), default=0.0)

    def flushed(self) -> list[tuple[str, int, int]]:
        """Topic, partition and flushed position of each owned partition. From any thread."""
        owned = list(self._owners.items())
        return [(place.topic, place.partition, owner.flushed) for place, owner in owned]

    async def _drop(self, place: TP) -> None:
        owner = self._owners.pop(place, None)
        self._read_out.pop(place, None)
        if owner is not None:
            await owner.close()
            # A fold refers to itself: frozen it would stay in memory for good, one more with each rebalance.
            gc.unfreeze()

    def take(self, place: TP, batch: FetchedBatch) -> int | None:
        """Folds a batch; the offset to read again from if something is missing before it."""
        owner = self._owners.get(place)
        if owner is None:
            return None
        if owner.take(batch):
            _log.warning(
                "a batch is missing, reading again",
                place=owner.place.name,
                position=owner.position,
                before=batch.before,
            )
            return owner.position
        self._changed.set()
        _records.labels(place.topic).inc(len(batch.records))
        _empty.labels(place.topic).inc(sum(not record.value for record in batch.records))
        return None

    def flush_in_s(self) -> float:
        """See `Owner.flush_in_s`: the least of all."""
        return min((owner.flush_in_s() for owner in self._owners.values()), default=math.inf)

    async def changed(self) -> None:
        """Returns once a partition has something to flush, or may have."""
        wait_s = self.flush_in_s()
        if wait_s <= 0:
            return
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s if math.isfinite(wait_s) else None):
                await self._changed.wait()

    async def flush(self) -> None:
        """Flushes every partition that is due.

        A failure ends the process: memory may be ahead of what was committed, only a take-over is sure.
        """
        owners = [(at, owner) for at, owner in self._owners.items() if owner.is_due()]
        results = await asyncio.gather(
            *(self._flush(place, owner) for place, owner in owners), return_exceptions=True
        )
        for (place, owner), result in zip(owners, results, strict=True):
            if isinstance(result, FencedError):
                _log.warning("fenced", place=owner.place.name)
                if self._owners.get(place) is owner:
                    await self._drop(place)
            elif isinstance(result, BaseException):
                if self._owners.get(place) is owner:
                    _log.critical("a flush failed", place=owner.place.name, error=repr(result))
                    os._exit(_FAILED)
                _log.info(
                    "a flush ended with its revocation", place=owner.place.name, error=repr(result)
                )

    async def _flush(self, place: TP, owner: Owner) -> None:
        with _flush_seconds.labels(place.topic).time():
            await owner.flush()

    async def stuck(self) -> list[str]:
        """Partitions that have stood at one position for long while their log goes on behind it, or whose flush does not end.

        Asks the broker itself, by a consumer of its own: one that has ceased to fetch knows of no record that it misses.
        """
        now = time.monotonic()
        places: list[str] = []
        for place, owner in list(self._owners.items()):
            if owner.flushing_s > self._patience.flush_s:
                places.append(owner.place.name)
            if now - owner.progressed_at < self._patience.idle_s or not await self._has_more(
                place, owner
            ):
                self._behind.pop(place, None)
            elif self._stands_still(place, owner.position, now):
                places.append(owner.place.name)
        return places

    def _stands_still(self, place: TP, position: int, now: float) -> bool:
        seen = self._behind.get(place)
        if seen is None or seen.position != position:
            seen = _Standstill(position, now, 0)
        seen = self._behind[place] = seen._replace(checks=seen.checks + 1)
        patience = self._patience
        return now - seen.since > patience.stuck_s and seen.checks > patience.stuck_checks

    async def _has_more(self, place: TP, owner: Owner) -> bool:
        """See `Owner.has_more`; False if the broker does not say."""
        now, seen = time.monotonic(), (owner.position, self._end(*place))
        known, until = self._read_out.get(place, (None, 0.0))
        if seen == known and now < until:
            return False
        try:
            has_more = await asyncio.wait_for(owner.has_more(), self._patience.ask_s)
        except BROKER_ERRORS:
            return False
        if not has_more:
            self._read_out[place] = (seen, now + self._patience.again_s)
        return has_more
