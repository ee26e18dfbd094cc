"""A token that was taken once is judged anew each time, though its signature is remembered."""

from __future__ import annotations

import pytest

from contracts.tokens import Claims, TokenError, TokenKind, issue, verify

KEY = b"k" * 32
CLAIMS = Claims("device", "SPPG-3211-0001", "jti", exp=1_000)


def test_a_remembered_token_ends_and_is_of_one_kind_and_one_key() -> None:
    token = issue(KEY, CLAIMS)
    assert verify(KEY, token, 999, "device") == CLAIMS
    refused: list[tuple[bytes, int, TokenKind, str]] = [
        (KEY, 1_000, "device", "ended"),
        (KEY, 999, "wall", "kind"),
        (b"x" * 32, 999, "device", "signature"),
    ]
    for key, now_s, kind, reason in refused:
        with pytest.raises(TokenError, match=reason):
            verify(key, token, now_s, kind)
    assert verify(KEY, token, 999, "device") == CLAIMS


def test_what_is_refused_is_refused_again() -> None:
    broken = issue(KEY, CLAIMS)[:-2]
    for _ in range(2):
        with pytest.raises(TokenError):
            verify(KEY, broken, 1, "device")


@pytest.mark.parametrize("more", ["!", "!!!!", "=", "\n", "\ud800"])
def test_a_token_has_one_text(more: str) -> None:
    """Decoding passes over characters that are none of its own: each such text would be remembered."""
    with pytest.raises(TokenError):
        verify(KEY, issue(KEY, CLAIMS) + more, 1, "device")
