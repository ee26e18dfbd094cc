"""What is known of codes and school links for phones: which were made, and which a phone has used. Never a code itself."""

from __future__ import annotations

from typing import Final

import msgspec


class CodeMade(msgspec.Struct, frozen=True, tag="made"):
    """A code, or a link, for phones of the unit or recipient `sub`. `jti`: its id, of no use to anybody; times: epoch ms, real."""

    sub: str
    jti: str
    made_ms: int
    until_ms: int

    @property
    def record_key(self) -> bytes:
        """One record a code, however often it is sent."""
        return f"made/{self.sub}/{self.jti}".encode()


class CodeUsed(msgspec.Struct, frozen=True, tag="used"):
    """A phone has traded the code or link `jti` for a token of `sub`, made at `at_ms` (epoch ms, real)."""

    sub: str
    jti: str
    at_ms: int

    @property
    def record_key(self) -> bytes:
        """One record a code: of a link, that many phones use, the last of them."""
        return f"used/{self.sub}/{self.jti}".encode()


EnrolmentRecord = CodeMade | CodeUsed
enrolment_decoder: Final = msgspec.json.Decoder(EnrolmentRecord)
