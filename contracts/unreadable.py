"""Bytes that anyone may have written, as JSON."""

from __future__ import annotations

from typing import Final

UNREADABLE: Final = (ValueError, RecursionError)
"""What msgspec raises for bytes that are no JSON, not the type asked for, no UTF-8, or nested too deep.

`msgspec.DecodeError` alone misses the last two, and a reader that catches only it ends at such a record."""
