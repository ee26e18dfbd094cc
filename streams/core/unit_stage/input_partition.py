"""The input of one unit fold: a partition of an event topic."""

from __future__ import annotations

from typing import NamedTuple

from contracts.events.partition import partition_of


class InputPartition(NamedTuple):
    """`number`: from 0; `partitions`: of the topic."""

    topic: str
    number: int
    partitions: int

    @property
    def name(self) -> str:
        """`topic/number`."""
        return f"{self.topic}/{self.number}"

    def owns(self, source_id: str) -> bool:
        """Whether the events of a unit belong here, by its id."""
        return partition_of(source_id, self.partitions) == self.number
