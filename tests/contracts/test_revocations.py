"""What a revocation makes void, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.revocations import Revocation, Revocations
from contracts.tokens import Claims, TokenError, TokenKind, claims_of, device_claims, issue

KINDS: tuple[TokenKind, ...] = ("device", "wall", "operator")
ONE = st.builds(Revocation, st.sampled_from(KINDS), st.sampled_from("ab"), st.integers(0, 9))


@given(st.lists(ONE), st.sampled_from(KINDS), st.sampled_from("ab"), st.integers(0, 9))
def test_void_is_what_was_made_until_the_newest_of_its_own(
    given_: list[Revocation], kind: TokenKind, sub: str, made: int
) -> None:
    revocations = Revocations()
    for one in given_:
        revocations.add(one)
    claims = Claims(kind, sub, "j", made_ms=made)
    void = any((one.kind, one.sub) == (kind, sub) and made <= one.until_ms for one in given_)
    if void:
        with pytest.raises(TokenError, match="revoked"):
            revocations.check(claims)
    else:
        assert revocations.check(claims) is claims


def test_the_open_link_of_a_wall_is_void_too_and_so_is_a_token_from_before_they_had_a_time() -> (
    None
):
    revocations = Revocations()
    revocations.add(Revocation("wall", "w", 5))
    for claims in (Claims("code", "w", "j", made_ms=5), Claims("wall", "w", "j")):
        with pytest.raises(TokenError):
            revocations.check(claims)
    revocations.check(Claims("code", "w", "j", made_ms=6))


def test_a_device_reads_the_end_of_its_token() -> None:
    claims = device_claims("SPPG-1", 1_000)
    assert claims_of(issue(b"k" * 32, claims)) == claims
    assert claims.made_ms == 1_000 and claims.exp == 1 + 180 * 86_400
    for text in ("", "secret", "a.b.c", "p1.e30.x", "é.é.é"):
        assert claims_of(text) is None
