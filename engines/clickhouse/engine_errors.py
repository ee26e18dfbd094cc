"""What goes wrong in the engine, reported as ClickHouse does: code, name, HTTP status."""

from __future__ import annotations

import re
from typing import Final

_REPORT: Final = re.compile(r"Code: (\d+)\. ?(.*)", re.DOTALL)
_NOT_PUBLIC: Final = re.compile(
    r"/(?:[\w.+@-]+/)+[\w.+@-]*|\bpantau_\w+(?:\.\w+)*|Maybe you meant (?!pantau\.)[^?]*\?"
)
_UNKNOWN: Final = 1002

_STATUS: Final = {
    **dict.fromkeys((193, 194), 401),
    **dict.fromkeys((192, 497, 516), 403),
    # Unknown function, identifier, table, database, storage.
    **dict.fromkeys((46, 47, 60, 81, 82), 404),
    # Cannot parse, bad arguments, type mismatch, syntax, unknown setting or parameter.
    **dict.fromkeys(
        (
            6,
            25,
            26,
            27,
            36,
            38,
            40,
            41,
            42,
            43,
            53,
            62,
            69,
            70,
            72,
            73,
            115,
            117,
            164,
            216,
            271,
            376,
            452,
            456,
            457,
            467,
            675,
            676,
        ),
        400,
    ),
    48: 501,
    159: 408,
    **dict.fromkeys((202, 203), 429),
    307: 413,
}


class ClickHouseError(Exception):
    """A refusal or failure with ClickHouse's numeric `code`; `str()` is the body to send."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        """HTTP status that a ClickHouse server answers with."""
        return _STATUS.get(self.code, 500)


def refused(code: int, name: str, detail: str) -> ClickHouseError:
    """A refusal of our own in ClickHouse's words: `Code: 497. DB::Exception: ... (NAME)`."""
    return ClickHouseError(code, f"Code: {code}. DB::Exception: {detail}. ({name})")


def for_guarded(error: ClickHouseError) -> ClickHouseError:
    """`error` without paths, names of other databases and hints at tables, which analysts must not know."""
    return ClickHouseError(error.code, _NOT_PUBLIC.sub("(not public)", str(error)))


def from_engine(error: Exception) -> ClickHouseError:
    """chDB reports all failures as one exception type with a text: take code and text from it."""
    found = _REPORT.search(str(error))
    if found is None:
        return ClickHouseError(_UNKNOWN, f"Code: {_UNKNOWN}. DB::Exception: {error}")
    return ClickHouseError(int(found[1]), found[0].rstrip())
