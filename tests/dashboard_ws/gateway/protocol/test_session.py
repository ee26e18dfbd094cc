"""The protocol's state machine, masking and frames, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.results.columns import names
from contracts.results.public_rows import CLINIC_COVERAGE
from contracts.tokens import Claims, TokenError
from dashboard_ws.gateway.connections.sse import parse_position
from dashboard_ws.gateway.connections.ws import is_foreign
from dashboard_ws.gateway.live.masking import SENSITIVE, for_public
from dashboard_ws.gateway.live.region_map import MapPosition, Update
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Close, Closed, Session
from dashboard_ws.gateway.stream.frames import BadRecordError, FrameBuffer

TOKENS = {
    "wall": Claims("wall", "w", "1", exp=1000),
    "here": Claims("wall", "w", "2", regions=("32.11",)),
    "other": Claims("operator", "o", "3", regions=("32.08",)),
    "operator": Claims("operator", "o", "4", role="health"),
}


class Tokens:
    """Those of `TOKENS`, as long as they are not in `revoked`."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    def verify(self, token: str) -> Claims:
        if token not in TOKENS:
            raise TokenError("not a Pantau token")
        return self.check(TOKENS[token])

    def check(self, claims: Claims) -> Claims:
        if claims.jti in self.revoked:
            raise TokenError("the token has been revoked")
        return claims


def session(tokens: Tokens | None = None) -> Session:
    return Session(tokens or Tokens(), ("32.11", "32.08"), 0.0)


def test_a_revoked_token_ends_a_session_that_is_open() -> None:
    tokens = Tokens()
    open_ = session(tokens)
    open_.receive('{"op":"auth","token":"operator"}', 0.0)
    open_.check(1.0, 1.0)
    tokens.revoked.add("4")
    with pytest.raises(Closed) as caught:
        open_.check(2.0, 2.0)
    assert caught.value.code is Close.AUTH
    with pytest.raises(Closed):
        session(tokens).receive('{"op":"auth","token":"operator"}', 0.0)


def say(one: Session, op: str, at: float = 0.0, **members: Any) -> Any:
    return one.receive(json.dumps({"op": op, **members}), at)


def code(one: Session, text: str) -> int:
    with pytest.raises(Closed) as caught:
        one.receive(text, 0.0)
    assert caught.value.detail
    return int(caught.value.code)


def subscribe(**changed: Any) -> str:
    message = {"op": "subscribe", "region": "32.11", "topics": ["performance"]}
    return json.dumps(message | changed)


def test_auth_then_subscribe() -> None:
    one = session()
    assert say(one, "auth", token="wall", client="tv").exp == 1000
    one.receive(subscribe(levels=["unit"], since={"epoch": "e", "seq": 4}), 0.0)
    assert one.subscription is not None
    assert one.subscription.reached == MapPosition("e", 4)
    assert one.subscription.wanted.levels == frozenset(("unit",))
    assert one.subscription.wanted.public


@pytest.mark.parametrize(
    ("token", "text", "expected"),
    [
        (None, subscribe(), Close.AUTH),
        (None, '{"op":"auth","token":"forged"}', Close.AUTH),
        ("wall", "{", Close.BAD),
        ("wall", '{"op":"dance"}', Close.BAD),
        ("wall", "[]", Close.BAD),
        ("wall", subscribe(topics=["gossip"]), Close.BAD),
        ("wall", subscribe(topics=[]), Close.BAD),
        ("wall", subscribe(levels=["street"]), Close.BAD),
        ("wall", subscribe(region="11.01"), Close.BAD),
        ("wall", subscribe(since={"epoch": 1}), Close.BAD),
        ("other", subscribe(), Close.FORBIDDEN),
    ],
)
def test_what_closes_it(token: str | None, text: str, expected: Close) -> None:
    one = session()
    if token:
        say(one, "auth", token=token)
    assert code(one, text) == expected


def test_auth_has_its_time_and_must_be_renewed() -> None:
    one = session()
    one.check(4.9, 0.0)
    with pytest.raises(Closed, match="no auth within"):
        one.check(5.0, 0.0)
    say(one, "auth", token="wall")
    one.check(6.0, 999.0)
    with pytest.raises(Closed) as caught:
        one.check(6.0, 1000.0)
    assert caught.value.code is Close.AUTH
    say(one, "auth", token="here")
    one.check(6.0, 1000.0)


def test_a_new_token_may_see_another_region_or_more() -> None:
    one = session()
    say(one, "auth", token="wall")
    one.receive(subscribe(since={"epoch": "e", "seq": 4}), 0.0)
    assert one.subscription is not None
    say(one, "auth", token="here")
    assert one.subscription.reached == MapPosition("e", 4)
    say(one, "auth", token="operator")
    subscription = one.subscription
    assert (subscription.reached, subscription.wanted.public) == (None, False)
    assert code(one, '{"op":"auth","token":"other"}') == Close.FORBIDDEN


def test_too_many_messages() -> None:
    one = session()
    for n in range(30):
        say(one, "auth", at=n / 10, token="wall")
    with pytest.raises(Closed) as caught:
        say(one, "auth", at=9.9, token="wall")
    assert caught.value.code is Close.RATE
    say(one, "auth", at=10.0, token="wall")


@given(st.text() | st.dictionaries(st.text(), st.integers() | st.text()).map(json.dumps))
def test_nothing_but_closed_comes_out(text: str) -> None:
    one = session()
    say(one, "auth", token="wall")
    with pytest.raises(Closed):
        one.receive(text, 0.0)


@given(st.dictionaries(st.sampled_from(names(CLINIC_COVERAGE)), st.integers(0, 9) | st.none()))
def test_small_clinic_counts_are_hidden(row: dict[str, int | None]) -> None:
    public = json.loads(for_public("clinic_coverage", json.dumps(row).encode()))
    small = [name for name in SENSITIVE["clinic_coverage"] if 0 < (row.get(name) or 0) < 5]
    assert public.pop("hidden", []) == small
    assert public == row | dict.fromkeys(small)
    assert "children_registered" not in SENSITIVE["clinic_coverage"]
    assert "mothers_anaemic" in SENSITIVE["clinic_coverage"]
    assert "revision" not in SENSITIVE["clinic_coverage"]


def test_evidence_of_a_cluster_is_hidden_too() -> None:
    row = {"kind": "foodborne_cluster", "severity": 3, "evidence": {"cases": 3, "expected": 0.4}}
    public = json.loads(for_public("alerts", json.dumps(row).encode()))
    assert public["severity"] == 3
    assert public["evidence"] == {"cases": None, "expected": 0.4}
    assert public["hidden"] == ["evidence.cases"]
    text = row | {"evidence": json.dumps(row["evidence"])}
    public = json.loads(for_public("alerts", json.dumps(text).encode()))
    assert json.loads(public["evidence"]) == {"cases": None, "expected": 0.4}
    other = json.dumps(row | {"kind": "over_4h"}).encode()
    assert for_public("alerts", other) is other


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 200))
def test_parts_hold_all_rows_in_order(sizes: list[int], limit: int) -> None:
    rows = [json.dumps("x" * size).encode() for size in sizes]
    sent = wire.snapshot(Update(MapPosition("e", 7), None, rows, []), "now", limit)
    frames = [json.loads(one.text) for one in sent]
    assert [json.dumps(row).encode() for one in frames for row in one["rows"]] == rows
    assert [one["part"] for one in frames] == list(range(1, len(frames) + 1))
    assert {(one["parts"], one["seq"], one["epoch"]) for one in frames} == {(len(frames), 7, "e")}
    assert [one.position for one in sent[:-1]] == [None] * (len(sent) - 1)
    for one in frames:
        assert len(one["rows"]) <= 1 or sum(len(r) + 2 for r in one["rows"]) <= limit


def test_a_damaged_row_takes_the_old_one_away() -> None:
    buffer = FrameBuffer(0)
    with pytest.raises(BadRecordError, match=r"32\.11\|k"):
        buffer.add(b"32.11|k", b"{", b"1", 0)
    closed = buffer.add(b"32.11|~head", b'{"epoch":"e","seq":1}', None, 0)
    assert closed is not None
    assert closed[1].changes["k"].body is None
    for key, seq in ((b"nokey", b"1"), (b"32.11|k", None), (b"32.11|k", b"x")):
        with pytest.raises(BadRecordError):
            buffer.add(key, b"{}", seq, 0)


def test_origins() -> None:
    allowed = ("https://dinas.example",)
    assert not is_foreign(None, "wall:1", allowed)
    assert not is_foreign("http://wall:1", "wall:1", allowed)
    assert not is_foreign("https://dinas.example", "wall:1", allowed)
    assert is_foreign("http://wall:2", "wall:1", allowed)
    assert is_foreign("null", "wall:1", allowed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("e:4", MapPosition("e", 4)), ("a:b:4", MapPosition("a:b", 4)), ("e:", None), (":4", None),
     ("e:-1", None), ("", None)],
)  # fmt: skip
def test_positions(text: str, expected: MapPosition | None) -> None:
    assert parse_position(text) == expected
