"""Control records: ours are known by their signature, and whatever else headers hold makes a record plain data."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from contracts.results.topics import (
    CLINIC_EVENTS,
    COMMANDS,
    CONTROL_HEADER,
    REGISTRY,
    REGISTRY_CHANGE,
    SIGNATURE_HEADER,
    SPPG_EVENTS,
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


class Given(NamedTuple):
    value: bytes
    headers: Sequence[tuple[str, bytes | None]]
    topic: str = SPPG_EVENTS
    partition: int = 1


def signed(kind: str, value: bytes) -> Given:
    return Given(value, control_headers(KEY, kind, SPPG_EVENTS, 1, value))


def signed_before(kind: str, value: bytes, topic: str) -> Given:
    """As versions did whose signature named no partition."""
    signature = hmac.new(KEY, kind.encode() + b"\0" + value, hashlib.sha256).hexdigest()
    headers = [(CONTROL_HEADER, kind.encode()), (SIGNATURE_HEADER, signature.encode())]
    return Given(value, headers, topic)


@given(st.binary(), st.sampled_from((TICK, REGISTRY_CHANGE)))
def test_what_we_signed_is_ours(value: bytes, kind: str) -> None:
    one = signed(kind, value)
    assert control_of(KEY, one) == kind
    assert control_of(OTHER, one) == ""
    assert control_of(KEY, one._replace(value=value + b" ")) == ""


@given(st.binary(), st.sampled_from((TICK, REGISTRY_CHANGE)))
def test_a_copy_in_another_partition_is_a_strangers(value: bytes, kind: str) -> None:
    one = signed(kind, value)
    assert control_of(KEY, one._replace(partition=0)) == ""
    assert control_of(KEY, one._replace(topic=CLINIC_EVENTS)) == ""
    assert control_of(KEY, one._replace(topic=SPPG_EVENTS + "/1", partition=1)) == ""


@given(st.binary())
def test_what_earlier_versions_signed_is_read_where_its_kind_may_lie(value: bytes) -> None:
    for topic in (SPPG_EVENTS, REGISTRY):
        assert control_of(KEY, signed_before(REGISTRY_CHANGE, value, topic)) == REGISTRY_CHANGE
    assert control_of(KEY, signed_before(TICK, value, REGISTRY)) == ""
    assert control_of(KEY, signed_before(REGISTRY_CHANGE, value, COMMANDS)) == ""
    assert control_of(OTHER, signed_before(TICK, value, SPPG_EVENTS)) == ""


def test_a_signature_is_none_of_an_earlier_version() -> None:
    """What the new one signs, taken for kind and value of the old one."""
    (_, (name, signature)) = control_headers(KEY, TICK, SPPG_EVENTS, 1, b"{}")
    assert signature is not None
    value = b"\0".join((TICK.encode(), b"sppg.events/1", b"{}"))
    forged = [(CONTROL_HEADER, b"2:"), (name, signature.removeprefix(b"2:"))]
    assert control_of(KEY, Given(value, forged)) == ""


def test_a_signature_is_of_one_kind() -> None:
    (_, signature) = control_headers(KEY, TICK, SPPG_EVENTS, 1, b"{}")
    forged = [(CONTROL_HEADER, REGISTRY_CHANGE.encode()), signature]
    assert control_of(KEY, Given(b"{}", forged)) == ""


@given(ANY_HEADERS)
def test_no_header_of_a_stranger_raises(headers: list[tuple[str, bytes | None]]) -> None:
    assert control_of(KEY, Given(b"{}", headers)) == ""


def test_a_signature_beyond_ascii_is_none() -> None:
    """`hmac.compare_digest` raises for such a text: a worker died of it at every start."""
    headers = [(CONTROL_HEADER, TICK.encode()), (SIGNATURE_HEADER, "é".encode() * 32)]
    assert control_of(KEY, Given(b"{}", headers)) == ""
