"""To how much a compressed batch unpacks, found out without keeping it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from kafka.record.util import decode_varint

_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_STEP: Final = 1 << 20
_MOST_FOLD: Final = {_GZIP: 1_040, _SNAPPY: 64, _LZ4: 260}
"""To how many times its size each codec unpacks at most: what cannot be too much is not tried."""
_GZIP_WINDOW: Final = 31
_XERIAL: Final = b"\x82SNAPPY\0"
_XERIAL_HEAD: Final = 16


def fits(codec: int, payload: bytes, limit: int) -> bool:
    """Whether `payload` unpacks to `limit` bytes or fewer, as far as it can be unpacked at all.

    `codec`: as in the attributes of a batch. Uses a few MiB, whatever it unpacks to.
    """
    sizes = _SIZES.get(codec)
    if sizes is None or (codec in _MOST_FOLD and len(payload) * _MOST_FOLD[codec] <= limit):
        return True
    total = 0
    try:
        for size in sizes(payload):
            total += size
            if total > limit:
                return False
    except Exception:  # noqa: BLE001 - damaged: whoever unpacks it finds out
        return True
    return True


def _gzip(payload: bytes) -> Iterator[int]:
    while payload:
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof and payload:
            yield len(member.decompress(payload, _STEP))
            payload = member.unconsumed_tail
        payload = member.unused_data


def _snappy(payload: bytes) -> Iterator[int]:
    """Each block begins with the size to which it unpacks."""
    if not payload.startswith(_XERIAL):
        yield _varint(payload)
        return
    at = _XERIAL_HEAD
    while at < len(payload):
        (size,) = struct.unpack_from("!i", payload, at)
        yield _varint(payload[at + 4 : at + 14])
        at += 4 + max(size, 0)


def _varint(block: bytes) -> int:
    zigzag: int = decode_varint(bytearray(block), 0)[0]
    return zigzag << 1 if zigzag >= 0 else (-zigzag << 1) - 1


def _lz4(payload: bytes) -> Iterator[int]:
    from lz4.frame import LZ4FrameDecompressor

    frame = LZ4FrameDecompressor()
    yield len(frame.decompress(payload, _STEP))
    while not frame.eof and not frame.needs_input:
        yield len(frame.decompress(b"", _STEP))


def _zstd(payload: bytes) -> Iterator[int]:
    # Where it is missing, `pantau status --versions` still has to start and say so.
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(
        io.BytesIO(payload), read_across_frames=True
    ) as reader:
        while part := reader.read(_STEP):
            yield len(part)


_SIZES: Final[dict[int, Callable[[bytes], Iterator[int]]]] = {
    _GZIP: _gzip,
    _SNAPPY: _snappy,
    _LZ4: _lz4,
    _ZSTD: _zstd,
}
