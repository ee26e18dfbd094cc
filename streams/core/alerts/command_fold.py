"""The fold of one partition of `commands`: it hands what we signed to stage two, in the order in which it came.

Stage two reads one input. What people say of alerts goes into it by this fold, so that it stands there once, at one place.
"""

from __future__ import annotations

from contracts.results.topics import COMMAND, COMMANDS, REGION_FEED
from streams.core.fold import Flush, Out, Record
from streams.core.region_feed import CommandReceived, feed_records


class CommandFold:
    """A `Fold` without any state but its position."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._received: list[CommandReceived] = []
        self._set_aside: list[str] = []

    def restore(self, _topic: str, _key: bytes, _value: bytes) -> None:
        """There is nothing to restore."""

    def restored(self) -> list[str]:
        """See `Fold`."""
        return []

    def apply(self, *records: Record) -> None:
        """See `Fold`."""
        for record in records:
            if record.control == COMMAND:
                self._received.append(CommandReceived(record.time_ms, record.value))
            else:
                self._set_aside.append(f"record {record.offset} of {COMMANDS}: it is not signed")

    def drain(self, position: int, _with_rows: bool = True, /) -> Flush:
        """See `Fold`."""
        received, self._received = self._received, []
        notices, self._set_aside = tuple(self._set_aside), []
        out = []
        if received:
            source = command_source(self._partition)
            out = [
                Out(REGION_FEED, self._partition, value)
                for value in feed_records(source, position, 0, received)
            ]
        return Flush({}, out, notices)


def command_source(partition: int) -> str:
    """What the batches of a partition of `commands` name as their source."""
    return f"{COMMANDS}/{partition}"
