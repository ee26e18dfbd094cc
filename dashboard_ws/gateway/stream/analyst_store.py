"""Questions to ClickHouse, asked with an analyst's rights: views of `pantau` and nothing else."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, TypeVar

import aiohttp
import msgspec

from chassis.clocks import ANALYST, clickhouse_password
from chassis.datadir import DataDirError
from chassis.settings import Settings

_Row = TypeVar("_Row")
_ANSWER_S: Final = 30.0
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""ClickHouse reads parameters as escaped text: an id with a backslash would be another id, one with a line break none."""


class StoreAwayError(Exception):
    """ClickHouse gave no answer that can be used. Its text is for the log."""


class AnalystStore:
    """`answer_s`: real seconds that an answer may take."""

    def __init__(self, settings: Settings, answer_s: float = _ANSWER_S) -> None:
        self._settings = settings
        self._timeout = aiohttp.ClientTimeout(total=answer_s)

    async def rows(self, query: str, row: type[_Row], **given: str | int) -> list[_Row]:
        """Rows of a query, each an array of its columns read as `row`. `given`: what stands in it as `{name:Type}`.

        Raises `StoreAwayError`.
        """
        parameters = {
            f"param_{name}": str(value).translate(_ESCAPES) for name, value in given.items()
        }
        try:
            headers = {
                "X-ClickHouse-User": ANALYST,
                "X-ClickHouse-Key": clickhouse_password(self._settings, ANALYST),
            }
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(
                    self._settings.clickhouse_url,
                    params={"default_format": "JSONCompactEachRow", **parameters},
                    headers=headers,
                    data=query,
                    allow_redirects=False,
                ) as answer,
            ):
                body = await answer.read()
            if answer.status != HTTPStatus.OK:
                # Its text may repeat what was asked, never who asks.
                raise ValueError(f"status {answer.status}: {body[:200].decode(errors='replace')}")
            return msgspec.json.Decoder(row).decode_lines(body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, DataDirError) as error:
            raise StoreAwayError(f"{type(error).__name__}: {error}") from None
