"""What a refusal says names the path and the rule, never what the device wrote: that may be a name or a telephone number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.checks import check
from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.registry.entities import Registry
from contracts.time.instant import epoch_ms
from tests.examples import DATA, RECEIVED, event
from tests.registry_small import SMALL

MARK = "Budi Santoso 081234567890"
REGISTRY = Registry([SMALL])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all members of a JSON value."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


def planted(
    value: dict[str, Any], path: tuple[Any, ...], mark: Any, as_key: bool
) -> dict[str, Any]:
    """`value` with `mark` at `path`, or beside it under the name `mark`."""
    copy: Any = json.loads(json.dumps(value))
    at = copy
    for step in path[:-1]:
        at = at[step]
    if as_key and isinstance(at, dict):
        at[mark] = at.pop(path[-1])
    else:
        at[path[-1]] = mark
    return dict(copy)


CASES = [
    (name, path)
    for name in DATA
    for path in places(event(name, supersedes="e-0", recordedtime=RECEIVED))
]


def detail_of(raw: bytes) -> str:
    item = decode_line(raw)
    refusal = item if isinstance(item, Refusal) else check(item, REGISTRY, epoch_ms(RECEIVED))
    return refusal.detail if refusal is not None else ""


@pytest.mark.parametrize("as_key", [False, True])
def test_no_detail_repeats_what_stands_in_an_event(as_key: bool) -> None:
    for name, path in CASES:
        whole = event(name, supersedes="e-0", recordedtime=RECEIVED)
        for mark in (MARK, f"/32.11/sppg/{MARK}", f"npsn:{MARK}"):
            detail = detail_of(json.dumps(planted(whole, path, mark, as_key)).encode())
            assert "Budi" not in detail and "0812" not in detail, (name, path, detail)


@given(
    st.sampled_from(CASES),
    st.one_of(st.text(min_size=6, max_size=700), st.lists(st.text(min_size=6)), st.integers(10**6)),
    st.text(min_size=1, max_size=5),
)
def test_no_detail_holds_a_marker(
    case: tuple[str, tuple[Any, ...]], given_: Any, more: str
) -> None:
    name, path = case
    mark = f"\u2603{more}\u2603{given_}" if isinstance(given_, str) else given_
    whole = event(name, supersedes="e-0", recordedtime=RECEIVED)
    detail = detail_of(json.dumps(planted(whole, path, mark, as_key=False)).encode())
    assert "\u2603" not in detail
    if isinstance(given_, int):
        assert str(given_) not in detail
