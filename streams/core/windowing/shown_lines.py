"""The lines of rows that walls were sent since rows were last written for the tables.

A row that says the same in both has one `revision` and one `updated_at`, though the tables get it in a later flush.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from streams.core.windowing.row_writer import ViewRow

_VERSION: Final = b',"revision":'
"""Here the last two columns of every row begin, `revision` and `updated_at`."""


class WrittenRow(NamedTuple):
    """A row with its line for the tables. `is_for_walls`: whether walls must be sent it too, as it is."""

    row: ViewRow
    line: bytes
    is_for_walls: bool


class ShownLines:
    """Of one fold, from one flush with rows to the next."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str, str, int], bytes] = {}

    def sent(self, rows: Iterable[ViewRow]) -> Iterator[ViewRow]:
        """The same rows, which walls are sent with this flush."""
        for row in rows:
            self._lines[_key(row)] = row.line
            yield row

    def written(
        self, rows: Iterable[ViewRow], newest_ends_ms: Mapping[str, int]
    ) -> Iterator[WrittenRow]:
        """Each row as it is written for the tables; after the last nothing is remembered.

        Walls get every version of a newest row (`Progress.newest_ends_ms`) that the tables get: one of several days, which is not
        sent before, and one of a group that changed in another window.
        """
        for row in rows:
            shown = self._lines.get(_key(row))
            if shown is not None and _content(shown) == _content(row.line):
                yield WrittenRow(row, shown, False)
            else:
                yield WrittenRow(row, row.line, row.end_ms == newest_ends_ms[row.window])
        self._lines.clear()


def _key(row: ViewRow) -> tuple[str, str, str, str, int]:
    return row.level, row.area, row.view + row.group, row.window, row.end_ms


def _content(line: bytes) -> bytes:
    return line[: line.rindex(_VERSION)]
