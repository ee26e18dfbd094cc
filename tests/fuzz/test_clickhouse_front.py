"""A mutation fuzzer over the embedded ClickHouse: statements, parameters, heads and packed bodies, bent."""

from __future__ import annotations

import gzip
import random
import time
from collections import Counter
from typing import Final

import cramjam
import httpx
import pytest

from engines.clickhouse.front.encodings import to_blocks
from tests.engines.clickhouse.test_guard import ALLOWED, DENIED
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.fixtures_clickhouse import clickhouse as clickhouse
from tests.fuzz.conftest import Report, Served

pytestmark = pytest.mark.real

_SEED: Final = 20261129
_GROWTH_BYTES: Final = 150 << 20
_WARM: Final = 300
_LEAST: Final = 600
_INTERNAL: Final = frozenset(("49", "1001", "1002"))
"""A logical error of the engine, or an error that no code of ClickHouse names: ours."""

_NAMES: Final = (
    "query query_id user password database default_format session_id compress decompress "
    "wait_end_of_query client_protocol_version network_compression_method readonly param_x param_ "
    "max_execution_time max_result_rows max_block_size async_insert extremes "
    "output_format_json_quote_64bit_integers additional_table_filters"
).split()
_WORDS: Final = (
    "0 1 -1 true 1e309 nan 99999999999999999999 Native JSON pantau system None zstd 54459"
)
_ODD: Final = (
    "",
    "%00",
    "\x00",
    "\n",
    "\r\nX: y",
    "é",
    "\U0001f600",
    "'",
    "`",
    "\\",
    "[1",
    "x" * 3000,
)
_VALUES: Final = (*_WORDS.split(), *_ODD, "{x:String}")
_ENCODINGS: Final = ("", "gzip", "deflate", "zstd", "lz4", "br", "x", "gzip, gzip")
_HEADERS: Final = (
    "X-ClickHouse-Format X-ClickHouse-Database X-ClickHouse-User X-ClickHouse-Key Origin "
    "Accept-Encoding Content-Type Range Upgrade Authorization Cookie"
).split()
_NOT_IN_A_HEAD: Final = str.maketrans("", "", "\r\n\0")


class Mutations:
    """Requests from seeds, by chance that can be repeated."""

    def __init__(self, seed: int, analyst: tuple[str, str]) -> None:
        self._random = random.Random(seed)
        self._analyst = analyst

    def request(self, client: httpx.Client, url: str) -> tuple[bool, httpx.Request]:
        """Whether it has the analyst's password, and a request."""
        chance = self._random
        known = chance.random() < 0.7
        auth = (
            self._analyst if known else chance.choice((("analyst", "x"), ("é", ""), ("", "\x00")))
        )
        headers = {"Content-Encoding": chance.choice(_ENCODINGS)} if chance.random() < 0.3 else {}
        for _ in range(chance.randrange(3)):
            value = self._text(chance.choice(_VALUES)).translate(_NOT_IN_A_HEAD).strip()
            headers[chance.choice(_HEADERS)] = value
        parameters = {
            chance.choice(_NAMES): self._text(chance.choice(_VALUES))
            for _ in range(chance.randrange(4))
        }
        # A short limit, so that a query that runs by chance is no long one.
        parameters.setdefault("max_execution_time", "1")
        request = client.build_request(
            chance.choice(("POST",) * 8 + ("GET", "GET", "HEAD", "PUT", "OPTIONS")),
            url + chance.choice(("/",) * 12 + ("/ping", "/%00", "/play", "/?%FF=%FE")),
            params=parameters,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=self._body(),
        )
        if known or chance.random() < 0.7:
            flow = httpx.BasicAuth(*auth).auth_flow(request)
            request = next(flow)
        return known, request

    def _text(self, text: str) -> str:
        letters = list(text)
        for _ in range(self._random.randrange(3)):
            at = self._random.randrange(len(letters) + 1)
            letters[at : at + self._random.randrange(3)] = self._random.choice(_VALUES)[:20]
        return "".join(letters)

    def _body(self) -> bytes:
        chance = self._random
        plain = self._text(chance.choice((*ALLOWED, *DENIED))).encode("utf-8", "surrogatepass")
        packed: bytes = chance.choice(
            (
                lambda: plain,
                lambda: plain,
                lambda: plain,
                lambda: gzip.compress(plain),
                lambda: bytes(cramjam.zstd.compress(plain)),
                lambda: to_blocks(plain, "lz4"),
                lambda: to_blocks(plain, "zstd"),
                lambda: chance.randbytes(200),
            )
        )()
        if chance.random() < 0.3:
            damaged = bytearray(packed or b"\0")
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            return bytes(damaged)
        return packed


def test_no_request_is_our_fault(
    clickhouse: EmbeddedClickHouse, fuzz_seconds: float, report: Report
) -> None:
    """With a log-in the engine's own word on a statement may be 5xx, as on a server; else none is."""
    for statement in (
        "CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic",
        "CREATE OR REPLACE VIEW pantau.guarded AS SELECT number AS a FROM numbers(10)",
    ):
        assert clickhouse.post(statement).status_code == 200
    assert clickhouse.process is not None
    served = Served("clickhouse", clickhouse.url, clickhouse.process.pid)
    mutations = Mutations(_SEED, ("analyst", clickhouse.passwords["analyst"]))
    statuses: Counter[int] = Counter()
    before = tried = 0
    end = time.monotonic() + fuzz_seconds
    with httpx.Client(timeout=30) as client:
        while tried < _LEAST or time.monotonic() < end:
            known, request = mutations.request(client, clickhouse.url)
            try:
                answer = client.send(request)
            except httpx.RemoteProtocolError:
                # A result that breaks off: the connection ends.
                statuses[0] += 1
                continue
            finally:
                tried += 1
            statuses[answer.status_code] += 1
            if answer.status_code >= 500 and answer.status_code != 503:
                code = answer.headers.get("X-ClickHouse-Exception-Code")
                assert known and code and code not in _INTERNAL, (tried, request, answer.text[:500])
            if tried == _WARM:
                before = served.resident_bytes()
    grown = served.resident_bytes() - before
    report(
        f"clickhouse: {tried} requests, answers {dict(sorted(statuses.items()))}, "
        f"memory {grown / 1e6:+.0f} MB after the first {_WARM}"
    )
    assert {200, 400, 401, 403} <= statuses.keys()
    assert grown < _GROWTH_BYTES
    assert clickhouse.post("SELECT 1").text == "1\n"
