"""The log file of one part: limited in size, and read along for lines that an operator must see at once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

from chassis.datadir import FILE_MODE

MAX_BYTES: Final = 20 * 1024 * 1024
_READ_BYTES: Final = 256 * 1024
_SHOWN: Final = 8
"""Lines shown of one read; all are in the file."""
_SHOWN_CHARS: Final = 400
_TAIL_BYTES: Final = 4096
_PLAIN_MARKS: Final = (" ERROR ", " FATAL ", "[ERROR]", "Error: ", "pantau: ")
_SKIPPED: Final = ("event", "level", "ts", "service", "logger", "exception")


def problem_in(line: str) -> str | None:
    """The line in short if it reports an error, else None: our JSON lines by their level, others by their words."""
    try:
        entry = msgspec.json.decode(line)
    except msgspec.DecodeError:
        entry = None
    if not isinstance(entry, dict):
        return _short(line) if any(mark in f" {line} " for mark in _PLAIN_MARKS) else None
    if entry.get("level") not in ("error", "critical"):
        return None
    facts = " ".join(f"{key}={value}" for key, value in entry.items() if key not in _SKIPPED)
    # Of a traceback its last line says what it was.
    last = str(entry.get("exception", "")).strip().rsplit("\n", 1)[-1]
    return _short(" ".join(part for part in (str(entry.get("event", "")), facts, last) if part))


def _short(text: str) -> str:
    """One line, not longer than an operator reads."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]} ..."


class ChildLog:
    """`path` grows to `MAX_BYTES`, then goes on empty with the old content beside it as `<name>.1`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_to = path.stat().st_size if path.exists() else 0
        self._unfinished = b""

    def open(self) -> int:
        """A descriptor for the part's stdout and stderr; the caller closes its copy."""
        self.rotate()
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)

    def rotate(self) -> None:
        """Make room if it has grown too big. The part goes on writing: its descriptor appends wherever the end is."""
        if self.path.exists() and self.path.stat().st_size > MAX_BYTES:
            shutil.copyfile(self.path, self.path.with_name(self.path.name + ".1"))
            os.truncate(self.path, 0)
            self._read_to, self._unfinished = 0, b""

    def problems(self) -> list[str]:
        """What the part has complained of since the last call, each in one line."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                read = file.read(_READ_BYTES)
        except FileNotFoundError:
            return []
        self._read_to += len(read)
        *lines, self._unfinished = (self._unfinished + read).split(b"\n")
        found = [
            problem for line in lines if (problem := problem_in(line.decode(errors="replace")))
        ]
        left = len(found) - _SHOWN
        return found if left <= 0 else [*found[:_SHOWN], f"... and {left} more lines"]

    def last_line(self) -> str:
        """The last thing the part wrote, in short; empty if nothing."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _TAIL_BYTES))
            lines = [
                line for line in file.read().decode(errors="replace").splitlines() if line.strip()
            ]
        return _short(lines[-1]) if lines else ""
