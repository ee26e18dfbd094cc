"""The vocabulary of both stages: what a fold reads, what it writes, and who calls it when.

take-over   restore(topic, key, value) for each record of state, then restored()
while owned apply(records) for each batch of the input, drain(position) for each flush
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec


class Record(NamedTuple):
    """One input record.

    `time_ms`: its append time on the region's clock. `control`: the kind of a control record that carries our
    signature, else ''.
    """

    offset: int
    time_ms: int
    value: bytes
    key: bytes = b""
    control: str = ""


class Out(msgspec.Struct, frozen=True, gc=False):
    """One record to send. `partition` None: the partition of the input."""

    topic: str
    partition: int | None
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Flush(NamedTuple):
    """What one transaction sends: records of state (key -> value, None a tombstone) and all other records.

    `notices`: for the log, a line for each input record that was set aside. `is_behind`: more is due already, and waits for the next
    flush.
    """

    state: dict[bytes, bytes | None]
    out: list[Out]
    notices: tuple[str, ...] = ()
    is_behind: bool = False


class Fold(Protocol):
    """The computation of one input partition. Its owner (`streams.agents.owner`) calls it from one task, never at once.

    No method reads a clock, a file or the network, and none may change its mind: the same records after the same
    state give the same flushes.
    """

    def restore(self, topic: str, key: bytes, value: bytes, /) -> None:
        """Takes one record of state.

        The owner calls it first, once for each key of each state topic, in any order. It must not use what another
        record holds: that one may come later. Raises `state_format.UnreadableStateError`.
        """

    def restored(self) -> list[str]:
        """Derives what state does not hold; returns what was set aside because it could not be read, a line each.

        The owner calls it once, after the last `restore` and before the first `apply`, also when there was no state.
        What it derives is no change: the next `drain` must not send it, but rows that no flush has written yet. Raises
        `state_format.UnreadableStateError`.
        """

    def apply(self, *records: Record) -> None:
        """Folds records in.

        The owner calls it for each batch, in the order of offsets, without a gap. It must not raise for anything
        that the bytes of a record can hold: one bad record would stop the partition for ever.
        """

    def drain(self, position: int, with_rows: bool = True, /) -> Flush:
        """Gives everything that changed since the last drain, and forgets that it changed.

        The owner calls it when it flushes; `position` is the offset after the last record applied; `with_rows`: whether
        rows for the tables go with it, those of earlier flushes without them too. Whatever it leaves out must be derivable
        from state: a crash may come right after the flush.
        """
