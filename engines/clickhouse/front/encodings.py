"""Bodies packed and unpacked, never beyond a limit: HTTP's encodings and ClickHouse's blocks.

A block of ClickHouse's native HTTP compression (`compress=1`, `decompress=1`) is: checksum (16 bytes,
CityHash128 of CityHash 1.0.2 over all that follows in the block, low half first), method (1 byte: 0x82 LZ4,
0x90 ZSTD, 0x02 none), size of head and packed data, size of plain data (4 bytes each, little-endian), data.
"""

from __future__ import annotations

import mmap
import struct
from typing import Any, Final

import cramjam
from clickhouse_cityhash.cityhash import CityHash128

from engines.clickhouse.engine_errors import refused

_CODECS: Final = {
    "gzip": cramjam.gzip,
    "x-gzip": cramjam.gzip,
    "deflate": cramjam.zlib,
    "zstd": cramjam.zstd,
    "lz4": cramjam.lz4,
    "br": cramjam.brotli,
}
_CHECKSUM_BYTES: Final = 16
_HEAD: Final = struct.Struct("<BII")
_NONE: Final = 0x02
_LZ4: Final = 0x82
_ZSTD: Final = 0x90
_BLOCK_BYTES: Final = 1 << 20


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its Content-Encoding, at most `limit` bytes. Raises ClickHouseError."""
    if encoding in ("", "identity"):
        return body
    codec: Any = _CODECS.get(encoding)
    if codec is None:
        raise refused(36, "BAD_ARGUMENTS", f"Content-Encoding {encoding[:40]} is not supported")
    # Pages of an anonymous map exist once they are written to: a small body costs little.
    with mmap.mmap(-1, limit + 1) as plain:
        try:
            size = codec.decompress_into(body, plain)
        except (cramjam.DecompressionError, OSError) as error:
            if "whole buffer" in str(error):
                raise too_large(limit) from None
            raise _damaged(f"Body is no {encoding}") from None
        if size > limit:
            raise too_large(limit)
        return plain[:size]


def from_blocks(body: bytes, limit: int) -> bytes:
    """The plain data of a body of native blocks, at most `limit` bytes. Raises ClickHouseError."""
    parts = []
    at = size = 0
    while at < len(body):
        head = at + _CHECKSUM_BYTES
        if len(body) < head + _HEAD.size:
            raise _damaged("A compressed block is cut")
        method, packed_size, plain_size = _HEAD.unpack_from(body, head)
        end = head + packed_size
        if packed_size < _HEAD.size or end > len(body):
            raise _damaged("A compressed block is cut")
        size += plain_size
        if size > limit:
            raise too_large(limit)
        if body[at:head] != _checksum(body[head:end]):
            raise refused(
                40, "CHECKSUM_DOESNT_MATCH", "The checksum of a compressed block is wrong"
            )
        parts.append(_plain(method, body[head + _HEAD.size : end], plain_size))
        at = end
    return b"".join(parts)


def to_blocks(data: bytes, method: str) -> bytes:
    """`data` as native blocks; `method` is zstd, else lz4."""
    return b"".join(
        _block(data[start : start + _BLOCK_BYTES], method)
        for start in range(0, len(data), _BLOCK_BYTES)
    )


def too_large(limit: int) -> Exception:
    """The refusal of a body above `limit` bytes."""
    return refused(
        307, "TOO_MANY_BYTES", f"Body is larger than {limit} bytes; send smaller batches"
    )


def _plain(method: int, packed: bytes, size: int) -> bytes:
    if method == _NONE and len(packed) == size:
        return packed
    codecs: dict[int, Any] = {
        _LZ4: cramjam.lz4.decompress_block_into,
        _ZSTD: cramjam.zstd.decompress_into,
    }
    plain = bytearray(size)
    try:
        if method in codecs and codecs[method](packed, plain) == size:
            return bytes(plain)
    except (cramjam.DecompressionError, OSError):
        pass
    raise _damaged(f"A compressed block of method {method} is damaged, or not LZ4 or ZSTD")


def _block(plain: bytes, method: str) -> bytes:
    if method == "zstd":
        code, packed = _ZSTD, bytes(cramjam.zstd.compress(plain))
    else:
        code, packed = _LZ4, bytes(cramjam.lz4.compress_block(plain, store_size=False))
    block = _HEAD.pack(code, len(packed) + _HEAD.size, len(plain)) + packed
    return _checksum(block) + block


def _checksum(block: bytes) -> bytes:
    digest: int = CityHash128(block)
    return (digest >> 64).to_bytes(8, "little") + (digest & (2**64 - 1)).to_bytes(8, "little")


def _damaged(detail: str) -> Exception:
    return refused(271, "CANNOT_DECOMPRESS", detail)
