"""Texts that this installation has signed: `<prefix>.<payload>.<mac>`, both parts base64url without padding.

Any replica that holds the installation's key can check one; nothing needs to be stored.
"""

from __future__ import annotations

import base64
import binascii
import hmac


class SignatureError(ValueError):
    """The text is not of this form, or the key has not signed it. The message never holds the text."""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(key: bytes, prefix: str, payload: str) -> bytes:
    return hmac.digest(key, f"{prefix}.{payload}".encode(), "sha256")


def sign(key: bytes, prefix: str, raw: bytes) -> str:
    """The text that holds `raw`. `prefix`: names the kind of text, so that one is never taken for another."""
    payload = _b64(raw)
    return f"{prefix}.{payload}.{_b64(_mac(key, prefix, payload))}"


def unsigned(key: bytes, prefix: str, text: str) -> bytes:
    """What `text` holds. Raises `SignatureError`."""
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != prefix:
        raise SignatureError("it has another form")
    try:
        mac, raw = parts[2].encode(), _unb64(parts[1])
        expected = _b64(_mac(key, prefix, parts[1])).encode()
    except (binascii.Error, ValueError):
        raise SignatureError("it has another form") from None
    # The text, not what it decodes to: decoding passes over strange characters, and one token would have endless forms.
    if not hmac.compare_digest(mac, expected):
        raise SignatureError("its signature is not of this installation")
    return raw


def unchecked(text: str) -> bytes:
    """What `text` holds, for its holder, who has no key. Raises `SignatureError` for what has not this form."""
    try:
        _, payload, _ = text.split(".")
        return _unb64(payload)
    except (ValueError, binascii.Error):
        raise SignatureError("it has another form") from None
