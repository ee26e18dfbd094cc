"""An event log for the audit, without a broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audit.kafka_lines import LoggedCommand, LoggedLines, Partition


class MemoryLog:
    """The records of an installation: events by partition, dead letters, and commands."""

    def __init__(
        self,
        records: dict[Partition, list[LoggedLines]],
        letters: Sequence[LoggedLines] = (),
        commands: Sequence[LoggedCommand] = (),
    ) -> None:
        self.records = records
        self.dead = letters
        self.given = commands

    def spans(self) -> dict[Partition, tuple[int, int]]:
        return {
            place: (some[0].offset, some[-1].offset + 1)
            for place, some in self.records.items()
            if some
        }

    def read(self, place: Partition, first: int, end: int) -> Iterator[LoggedLines]:
        return (one for one in self.records[place] if first <= one.offset < end)

    def letters(self) -> Iterator[LoggedLines]:
        return iter(self.dead)

    def commands(self) -> Iterator[LoggedCommand]:
        return iter(self.given)
