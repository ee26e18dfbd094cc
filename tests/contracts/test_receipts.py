"""Receipts and the signed texts that they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.receipts import Receipt, ReceiptError, RecordPlace, read_receipt, receipt_text
from contracts.signed_text import SignatureError, sign, unsigned
from contracts.tokens import Claims, TokenError, issue, verify

KEY = bytes(range(32))
_places = st.lists(
    st.builds(RecordPlace, st.text(max_size=20), st.integers(0, 255), st.integers(0, 2**60)),
    max_size=2,
).map(tuple)
_receipts = st.builds(
    Receipt, st.text(max_size=40), st.text(max_size=8), _places, _places,
    st.integers(0, 2**45), st.integers(0, 2**45),
)  # fmt: skip


@given(_receipts)
def test_a_receipt_comes_back(receipt: Receipt) -> None:
    assert read_receipt(KEY, receipt_text(KEY, receipt)) == receipt


@given(st.text() | st.binary().map(lambda raw: sign(KEY, "r1", raw)))
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(ReceiptError):
        read_receipt(KEY, text)


@given(_receipts, st.data())
def test_a_changed_receipt_is_none(receipt: Receipt, data: st.DataObject) -> None:
    text = receipt_text(KEY, receipt)
    # The last character of a part holds bits that say nothing.
    payload = text.split(".")[1]
    at = text.index(payload) + data.draw(st.integers(0, len(payload) - 2))
    changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    with pytest.raises(ReceiptError):
        read_receipt(KEY, changed)
    with pytest.raises(ReceiptError):
        read_receipt(bytes(32), text)


def test_no_kind_of_signed_text_passes_for_another() -> None:
    token = issue(KEY, Claims("device", "SPPG-3211-0001", "jti"))
    receipt = receipt_text(KEY, Receipt("SPPG-3211-0001", "32.11", (), (), 0, 0))
    with pytest.raises(ReceiptError):
        read_receipt(KEY, token)
    with pytest.raises(ReceiptError):
        read_receipt(KEY, token.replace("p1.", "r1.", 1))
    with pytest.raises(TokenError):
        verify(KEY, receipt, 0, "device")
    with pytest.raises(SignatureError):
        unsigned(KEY, "p1", receipt.replace("r1.", "p1.", 1))
