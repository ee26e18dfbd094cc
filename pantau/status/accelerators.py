"""Is each compiled part in use that our libraries take only where they find it?

Without one they go on in Python, many times slower, or cannot read a codec, and say nothing about it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec


class Accelerator(msgspec.Struct, frozen=True):
    """`user` takes the compiled code of `package` for `purpose`; `version` None: not installed."""

    user: str
    package: str
    purpose: str
    version: str | None
    in_use: bool


_TABLE: Final = (
    # user, package, purpose, where the user has what it took, the module that it must come from
    ("kafka-python", "crc32c", "checksums", "kafka.record.util:_crc32c", "crc32c"),
    ("kafka-python", "python-snappy", "snappy", "kafka.codec:snappy", "snappy"),
    ("kafka-python", "zstandard", "zstd", "kafka.codec:zstd", "zstandard"),
    ("kafka-python", "lz4", "lz4", "kafka.codec:lz4", "lz4"),
    ("aiokafka", "cramjam", "snappy, lz4, zstd", "aiokafka.codec:cramjam", "cramjam"),
    (
        "aiokafka",
        "aiokafka",
        "records",
        "aiokafka.record.memory_records:MemoryRecords",
        "aiokafka.record._crecords",
    ),
    (
        "aiokafka",
        "aiokafka",
        "checksums",
        "aiokafka.record.util:calc_crc32c",
        "aiokafka.record._crecords",
    ),
    (
        "faust-streaming",
        "faust-streaming",
        "streams",
        "faust.streams:_CStreamIterator",
        "faust._cython",
    ),
    (
        "faust-streaming",
        "faust-streaming",
        "topics",
        "faust.transport.conductor:ConductorHandler",
        "faust.transport._cython",
    ),
    ("faust-streaming", "orjson", "JSON", "faust.utils.json:orjson", "orjson"),
    ("uvicorn", "uvloop", "event loop", "uvicorn.loops.uvloop:uvloop", "uvloop"),
    (
        "uvicorn",
        "httptools",
        "HTTP",
        "uvicorn.protocols.http.httptools_impl:httptools",
        "httptools",
    ),
    ("websockets", "websockets", "frames", "websockets.frames:apply_mask", "websocket.speedups"),
    (
        "aiohttp",
        "aiohttp",
        "HTTP",
        "aiohttp.http_parser:HttpResponseParser",
        "aiohttp._http_parser",
    ),
    ("msgspec", "msgspec", "JSON", "msgspec.json:decode", "msgspec._core"),
    (
        "clickhouse-connect",
        "clickhouse-connect",
        "columns",
        "clickhouse_connect.driver.ctypes:RespBuffCls",
        "clickhouse_connect.driverc",
    ),
    (
        "clickhouse-connect",
        "backports-zstd",
        "zstd",
        "clickhouse_connect.driver.compression:_zstd",
        "backports.zstd",
    ),
    (
        "clickhouse-connect",
        "lz4",
        "lz4",
        "clickhouse_connect.driver.compression:_lz4_frame",
        "lz4",
    ),
)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _origin(place: str) -> str:
    """Name of the module that made what stands at `place`, "" if nothing does."""
    module, _, name = place.partition(":")
    try:
        taken = getattr(import_module(module), name, None)
    except ImportError:
        return ""
    return str(getattr(taken, "__module__", None) or getattr(taken, "__name__", ""))


def accelerators() -> list[Accelerator]:
    """Each of them, as it is in this Python."""
    return [
        Accelerator(user, package, purpose, _version(package), _origin(place).startswith(source))
        for user, package, purpose, place, source in _TABLE
    ]
