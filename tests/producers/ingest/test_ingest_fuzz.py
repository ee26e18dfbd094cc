"""No input gives a 500: arbitrary bodies and headers against a real ingest."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.ingest.requests.body import MEDIA_TYPES
from tests.examples import DATA, KITCHEN
from tests.producers.installation import Running, bearer, line

pytestmark = pytest.mark.real

ALLOWED = {202, 400, 401, 403, 413, 415, 422, 429}
_settings = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["3211081505900001", "2026-11-24T10:00:00+07:00", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["id", "data", "time"]), inner)
    ),
    max_leaves=8,
)


@st.composite
def _bent(draw: st.DrawFn) -> bytes:
    """A valid event with one attribute or field of data replaced."""
    made = json.loads(line(draw(st.sampled_from(sorted(DATA))), "fuzz"))
    made["source"] = f"/32.11/sppg/{KITCHEN}"
    part = made["data"] if draw(st.booleans()) else made
    names = st.sampled_from([*sorted(part), "correctionreason"])
    part[draw(names | st.text(max_size=8))] = draw(_values)
    return json.dumps(made).encode()


_pieces = st.binary(max_size=200) | _bent() | _values.map(lambda one: json.dumps(one).encode())
_bodies = (
    _pieces
    | st.lists(_pieces, max_size=5).map(b"\n".join)
    | st.lists(_pieces, max_size=5).map(lambda parts: b"[" + b",".join(parts) + b"]")
)
_visible = st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f")
_words = st.text(_visible, max_size=30).map(lambda text: text.encode("latin-1"))
"""Header values as HTTP lets them through."""


def _fine(answer: httpx.Response) -> None:
    assert answer.status_code in ALLOWED, answer.text
    told = answer.json()
    if answer.status_code in (202, 422):
        assert set(told) == {"accepted", "rejected", "receipt"}
        assert (told["accepted"] > 0) == (answer.status_code == 202)
    else:
        assert told["status"] == answer.status_code


@_settings
@given(_bodies, st.sampled_from(sorted(MEDIA_TYPES)), st.booleans())
def test_any_body(served: Running, body: bytes, media: str, packed: bool) -> None:
    headers = {"Content_Type": media} | ({"Content_Encoding": "gzip"} if packed else {})
    _fine(served.post(gzip.compress(body) if packed else body, KITCHEN, **headers))


@_settings
@given(_words, _words, _words)
def test_any_headers(served: Running, media: bytes, coding: bytes, authorization: bytes) -> None:
    good = bearer(KITCHEN)["Authorization"].encode()
    with httpx.Client() as client:
        for credentials in (authorization, b"Bearer p1." + authorization, good):
            headers = {
                b"Content-Type": media,
                b"Content-Encoding": coding,
                b"Authorization": credentials,
            }
            _fine(client.post(f"{served.url}/v1/events", content=b"{}", headers=headers))


def test_a_client_that_leaves_in_the_middle_harms_nobody(served: Running) -> None:
    place = urlsplit(served.url)
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer(KITCHEN)['Authorization']}"
        "\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((place.hostname, place.port)) as client:
        client.sendall(head.encode())
    assert served.post(line("unit.heartbeat", "left-1"), KITCHEN).status_code == 202
    assert "Exception in ASGI" not in served.log.read_text()


def test_429_for_a_device_that_floods(served: Running) -> None:
    place = urlsplit(served.url)
    one = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        f"Authorization: {bearer('SPPG-FLOOD')['Authorization']}\r\n\r\n"
    ).encode()
    seen = b""
    with socket.create_connection((place.hostname, place.port)) as client:
        client.settimeout(30)
        for _ in range(15):
            client.sendall(one * 100)
            while seen.count(b"HTTP/1.1 ") % 100 or not seen:
                seen += client.recv(65_536)
            if b"HTTP/1.1 429" in seen:
                break
            seen = b""
    assert b"HTTP/1.1 429" in seen
    assert b"retry-after: 1" in seen
