"""Control records: ours are known by their signature, and whatever else headers hold makes a record plain data."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.results.topics import (
    CONTROL_HEADER,
    REGISTRY_CHANGE,
    SIGNATURE_HEADER,
    TICK,
    control_headers,
    control_of,
)

KEY = b"k" * 32
OTHER = b"o" * 32
ANY_HEADERS = st.lists(
    st.tuples(
        st.sampled_from((CONTROL_HEADER, SIGNATURE_HEADER, "table")),
        st.none() | st.binary(max_size=80) | st.just(TICK.encode()),
    )
)


@given(st.binary(), st.sampled_from((TICK, REGISTRY_CHANGE)))
def test_what_we_signed_is_ours(value: bytes, kind: str) -> None:
    headers = control_headers(KEY, kind, value)
    assert control_of(KEY, headers, value) == kind
    assert control_of(OTHER, headers, value) == ""
    assert control_of(KEY, headers, value + b" ") == ""


def test_a_signature_is_of_one_kind() -> None:
    (_, signature) = control_headers(KEY, TICK, b"{}")
    forged = [(CONTROL_HEADER, REGISTRY_CHANGE.encode()), signature]
    assert control_of(KEY, forged, b"{}") == ""


@given(ANY_HEADERS)
def test_no_header_of_a_stranger_raises(headers: list[tuple[str, bytes | None]]) -> None:
    assert control_of(KEY, headers, b"{}") == ""


def test_a_signature_beyond_ascii_is_none() -> None:
    """`hmac.compare_digest` raises for such a text: a worker died of it at every start."""
    headers = [(CONTROL_HEADER, TICK.encode()), (SIGNATURE_HEADER, "é".encode() * 32)]
    assert control_of(KEY, headers, b"{}") == ""
