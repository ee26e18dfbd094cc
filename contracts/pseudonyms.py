"""Pseudonyms of people: HMAC-SHA-256 under the region's key, first 32 hex digits, made where the person is seen."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_HEX_DIGITS: Final = 32


def region_key(installation_key: bytes, region: str) -> bytes:
    """The key of a region's pseudonyms, 32 bytes, for its clinics alone. It follows from the installation's key."""
    return hmac.new(installation_key, f"pseudonyms/{region}".encode(), hashlib.sha256).digest()


def pseudonym(key: bytes, person: str) -> str:
    """Of `person`: 16 digits of a NIK, or `<unit id>/<number in the clinic's register>`. `key`: the region's."""
    return hmac.new(key, person.encode(), hashlib.sha256).hexdigest()[:_HEX_DIGITS]
