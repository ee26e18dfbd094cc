"""`python -m bench.recovery`: how long a killed worker is missed, and what a second worker costs.

1. One worker folds many events (a million by default, four weeks of them) on two partitions. It is killed (`kill -9`) and another
   is started at once, as the supervisor does; then a second one joins, and of the two one is killed, so that the other takes
   over what it had. Each time one new event a partition is posted after the kill, and the time runs from the kill to the first
   committed row of every partition of stage one, and until the region has folded what stage one made of the new events (a row
   alone does not say so: the region may live on). The group misses the dead only when its session ends.
2. The same events through one worker and through two: CPU seconds of all workers, from ready until the region has followed.
"""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from kafka import TopicPartition

from bench.ground import (
    FEED,
    Ground,
    Rows,
    cpu_s,
    end,
    feed_rows,
    ground,
    machine,
    output_options,
    publish,
    until,
)
from bench.peers.job import METRICS
from bench.positions import Positions, ends
from bench.recovery.recovery_report import Recovered, Scaled, write
from bench.recovery.worker_group import FILL_S, KilledWorker, alive, folded, say, start, steady
from bench.streams.generate import Thrower, generate
from chassis import logs
from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from contracts.events.partition import partition_of
from contracts.results.topics import AREA_WINDOWS, TABLE_HEADER, UNIT_WINDOWS
from contracts.time.clock import real_now_ms, rfc3339
from streams.core.metrics.lanes import SUM_INDEX

_PARTITIONS: Final = 2
_HOURS_A_DAY: Final = 2
_FILL_FLUSH_MS: Final = 1_000
_PORTION: Final = 20_000
"""Lines that are posted at once while state is built up."""

_BACK_S: Final = 120.0
_WEEKS_MS: Final = 28 * 86_400_000
_LIVE_MS: Final = 10 * 60_000


class FirstRows:
    """Waits for the first performance row of every partition of stage one after now."""

    def __init__(self, broker: str) -> None:
        self._missing = {TopicPartition(UNIT_WINDOWS, number) for number in range(_PARTITIONS)}
        self._consumer = clients.blocking_consumer(Cluster(broker), fetch_max_wait_ms=50)
        self._consumer.assign(self._missing)
        self._consumer.seek_to_end()
        for place in self._missing:
            self._consumer.position(place)

    def have_come(self) -> bool:
        """Reads on; whether every partition had one."""
        for place, records in self._consumer.poll(timeout_ms=50).items():
            if any(dict(one.headers).get(TABLE_HEADER) == b"performance" for one in records):
                self._missing.discard(place)
        return not self._missing

    def close(self) -> None:
        """Ends it."""
        self._consumer.close()


def post_one_a_partition(place: Ground, seed: int) -> None:
    """One new event for each partition."""
    thrower = Thrower(place.registry, seed)
    now = real_now_ms()
    missing = set(range(_PARTITIONS))
    lines = []
    while missing:
        unit, line, _ = thrower.event(now, rfc3339(now))
        number = partition_of(unit, _PARTITIONS)
        if number in missing:
            missing.discard(number)
            lines.append((unit, line))
    place.produce(lines, 1)


def kill_and_wait(
    place: Ground,
    victim: KilledWorker,
    seed: int,
    title: str,
    reached: Positions,
    successor: Callable[[], KilledWorker] | None = None,
) -> tuple[Recovered, KilledWorker | None]:
    """Kills a worker; returns how long it was missed, and the successor where one is started."""
    rows = FirstRows(place.broker)
    since = time.monotonic()
    victim.process.send_signal(signal.SIGKILL)
    victim.process.wait()
    started = successor() if successor else None
    post_one_a_partition(place, seed)
    posted = ends(place)
    until(rows.have_come, _BACK_S, "no new rows of units")
    unit_s = time.monotonic() - since
    rows.close()
    until(lambda: reached.have_reached(posted), _BACK_S, "the region does not follow")
    area_s = time.monotonic() - since
    say(f"{title}: unit rows of all partitions after {unit_s:.1f} s, areas after {area_s:.1f} s")
    return Recovered(title, unit_s, area_s), started


def recover(events: int, flush_ms: int) -> list[Recovered]:
    """Part 1."""
    with ground(_PARTITIONS, flush_ms) as place:
        content = generate(place.registry, 1, events, real_now_ms(), _WEEKS_MS, _HOURS_A_DAY)
        reached = Positions(place.broker)
        # Rows of four weeks in few flushes: only what is left in the end is measured.
        workers = [start(place, 0, _FILL_FLUSH_MS)]
        try:
            steady(workers)
            for at in range(0, events, _PORTION):
                place.produce(content.lines[at : at + _PORTION], 200)
                folded(workers, ends(place), reached)
            say(f"{events} events of state")
            first, successor = kill_and_wait(
                place,
                workers[0],
                2,
                "killed, another started at once",
                reached,
                lambda: start(place, 1),
            )
            workers += [successor] if successor else []
            workers.append(start(place, 2))
            steady(workers[1:])
            second, _ = kill_and_wait(place, workers[1], 3, "one of two killed", reached)
        finally:
            reached.close()
            for worker in workers:
                end(worker.process)
    return [first, second]


def scale_once(events: int, count: int, flush_ms: int) -> float:
    """CPU microseconds an event with so many workers."""
    with ground(_PARTITIONS, flush_ms) as place:
        content = generate(place.registry, 1, events, real_now_ms(), _LIVE_MS)
        workers = [start(place, number) for number in range(count)]
        rows = Rows(place.broker, FEED, feed_rows([SUM_INDEX[name] for name in METRICS]))
        reached = Positions(place.broker)
        try:
            steady(workers)
            before = sum(cpu_s(worker.process.pid) for worker in workers)
            place.produce(content.lines, 200)

            def done() -> bool:
                alive(workers)
                while rows.poll():
                    pass
                return rows.found == content.truth

            until(done, FILL_S, "the rows did not come to the truth")
            # A region that is left behind by stage one would not be paid for: more so by one worker than by two.
            folded(workers, ends(place), reached)
            used = sum(cpu_s(worker.process.pid) for worker in workers) - before
            written = rows_written(place)
        finally:
            rows.close()
            reached.close()
            for worker in workers:
                end(worker.process)
    value = used / events * 1e6
    say(f"{count} worker(s): {value:.1f} us/event, {written / events:.1f} rows an event")
    return value


def rows_written(place: Ground) -> int:
    """Lines of units' and areas' rows so far. The more often a fold flushes, the more of them an event makes."""
    consumer = clients.blocking_consumer(Cluster(place.broker))
    topics = (UNIT_WINDOWS, AREA_WINDOWS)
    places = [TopicPartition(topic, number) for topic in topics for number in range(_PARTITIONS)]
    consumer.assign(
        [one for one in places if one.partition in consumer.partitions_for_topic(one.topic)]
    )
    consumer.seek_to_beginning()
    lines = 0
    while fetched := consumer.poll(timeout_ms=500):
        lines += sum(one.value.count(b"\n") + 1 for some in fetched.values() for one in some)
    consumer.close()
    return lines


def scale(events: int, rounds: int, flush_ms: int) -> Scaled:
    """Part 2, one and two workers in turns."""
    one, two = [], []
    for _ in range(rounds):
        one.append(scale_once(events, 1, flush_ms))
        two.append(scale_once(events, 2, flush_ms))
    return Scaled(median(one), median(two), events, rounds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures both and writes docs/bench/recovery.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.recovery")
    parser.add_argument("--state", type=int, default=1_000_000, help="events of state")
    parser.add_argument("--events", type=int, default=200_000, help="events for the CPU ratio")
    parser.add_argument("--rounds", type=int, default=5, help="of the CPU ratio")
    parser.add_argument("--flush-ms", type=int, default=100)
    output_options(parser)
    options = parser.parse_args(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    recovered = recover(options.state, options.flush_ms) if options.state else []
    scaled = scale(options.events, options.rounds, options.flush_ms) if options.rounds else None
    text = write(recovered, scaled, options.state, where, when)
    publish(text, "recovery.md", options)


if __name__ == "__main__":
    main()
