"""A mutation fuzzer over the gateway's websocket: frames cut, doubled, bent and out of order."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import time
from collections import Counter
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest

from tests.dashboard_ws.conftest import REGION, token
from tests.fuzz.conftest import Report, Served

pytestmark = pytest.mark.real

_GROWTH_BYTES: Final = 60_000_000
_ROUND: Final = 25
_UPGRADE: Final = (
    "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Protocol: pantau.v1\r\n\r\n"
)
_OPCODES: Final = (0, 1, 1, 1, 1, 2, 3, 8, 9, 10, 15)


def _messages() -> list[bytes]:
    subscribe = {"op": "subscribe", "region": REGION, "topics": ["alerts"], "levels": ["unit"]}
    said = (
        {"op": "auth", "token": token()},
        subscribe,
        subscribe | {"since": {"epoch": "e", "seq": 1}},
        subscribe | {"since": {"epoch": "e", "seq": 10**30}},
        {"op": "auth", "token": "\ud800"},
    )
    return [json.dumps(one).encode() for one in said]


def _bent(chance: random.Random, message: bytes) -> bytes:
    bent = bytearray(message)
    for _ in range(chance.choice((0, 0, 1, 3))):
        at = chance.randrange(len(bent) + 1)
        how = chance.randrange(4)
        if how == 0:
            bent[at : at + chance.randrange(8)] = b""
        elif how == 1:
            bent[at:at] = chance.randbytes(chance.randrange(8))
        elif how == 2:
            bent[at:at] = chance.choice((b"[" * 3_000, b"9" * 5_000, b'"', b"\xed\xa0\x80", b"\0"))
        else:
            bent = bent[:at] + bent[:at]
    return bytes(bent)


def _frame(chance: random.Random, data: bytes) -> bytes:
    """A masked frame; now and then with wrong bits, opcode or length."""
    first = chance.choice(_OPCODES) | chance.choice((0x80, 0x80, 0x80, 0, 0xC0))
    if chance.random() < 0.5:
        first = 0x81
    said = chance.choice((len(data), len(data), len(data), 2**40, 0))
    if said < 126:
        head = bytes([first, 0x80 | said])
    elif said < 65_536:
        head = bytes([first, 0xFE]) + struct.pack("!H", said)
    else:
        head = bytes([first, 0xFF]) + struct.pack("!Q", said)
    mask = chance.randbytes(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def _attack(chance: random.Random, one: Served) -> tuple[bytes, int]:
    """Status line of the upgrade, and how many frames were sent."""
    place = urlsplit(one.url)
    upgrade = _UPGRADE.format(host=place.netloc).encode()
    if chance.random() < 0.3:
        upgrade = _bent(chance, upgrade[:-4]) + b"\r\n\r\n"
    sent = 0
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=0.2) as client:
        try:
            client.sendall(upgrade)
            answer = client.recv(65_536)
            messages = _messages()
            for _ in range(chance.randrange(1, 12)):
                client.sendall(_frame(chance, _bent(chance, chance.choice(messages))))
                sent += 1
        except TimeoutError:
            return b"none", sent
        except OSError:
            return b"closed", sent
    return answer[9:12], sent


def test_no_frame_is_a_fault(
    services: dict[str, Served], fuzz_seconds: float, report: Report
) -> None:
    one = services["gateway"]
    seed = int(os.environ.get("PANTAU_FUZZ_SEED", "0")) or random.randrange(1, 2**31)
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    frames = before = 0
    end = time.monotonic() + fuzz_seconds
    while time.monotonic() < end:
        for _ in range(_ROUND):
            status, sent = _attack(chance, one)
            seen[status.decode(errors="replace")] += 1
            frames += sent
        before = before or one.resident_bytes()
    growth = one.resident_bytes() - before
    report(
        f"websocket: {seen.total()} connections, {frames} frames, upgrades {dict(seen)}, "
        f"memory {growth / 1e6:+.1f} MB, PANTAU_FUZZ_SEED={seed}"
    )
    assert not [status for status in seen if status.startswith("5")]
    assert seen["101"] > 0
    assert growth < _GROWTH_BYTES
    assert httpx.get(f"{one.url}/readyz").status_code == 200
