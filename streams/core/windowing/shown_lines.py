"""The lines of rows that walls were sent since rows were last written for the tables.

A row that says the same in both has one `revision` and one `updated_at`, though the tables get it in a later flush.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from streams.core.windowing.row_writer import ViewRow

_VERSION: Final = b',"revision":'
"""Here the last two columns of every row begin, `revision` and `updated_at`."""


class ShownLines:
    """Of one fold, from one flush with rows to the next."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str, str, int], bytes] = {}

    def sent(self, rows: Iterable[ViewRow]) -> Iterator[ViewRow]:
        """The same rows, which walls are sent with this flush."""
        for row in rows:
            self._lines[_key(row)] = row.line
            yield row

    def written(self, rows: Iterable[ViewRow]) -> Iterator[tuple[ViewRow, bytes]]:
        """Each row with its line for the tables; after the last nothing is remembered."""
        for row in rows:
            shown = self._lines.get(_key(row), row.line)
            yield row, shown if _content(shown) == _content(row.line) else row.line
        self._lines.clear()


def _key(row: ViewRow) -> tuple[str, str, str, str, int]:
    return row.level, row.area, row.view + row.group, row.window, row.end_ms


def _content(line: bytes) -> bytes:
    return line[: line.rindex(_VERSION)]
