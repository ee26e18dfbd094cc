"""`POST /v1/enrol`: a phone trades a one-time code for its token."""

from __future__ import annotations

from typing import Final

import msgspec

from chassis.datadir import DataDir
from chassis.http.problems import Problem
from chassis.used_codes import UsedCodes
from contracts.pseudonyms import region_key
from contracts.registry.entities import Registry
from contracts.revocations import Revocations
from contracts.time.clock import real_now_ms, rfc3339
from contracts.tokens import TokenError, device_claims, issue, verify


class EnrolRequest(msgspec.Struct):
    """`phone`: a random name of the phone: it alone may use the code again, when the answer was lost."""

    code: str
    phone: str = ""


class EnrolAnswer(msgspec.Struct, omit_defaults=True):
    """`pseudonym_key`: hex, of a clinic alone; no other source makes pseudonyms."""

    token: str
    expires: str
    pseudonym_key: str | None = None


_decoder: Final = msgspec.json.Decoder(EnrolRequest)


class Enrolment:
    """Takes one-time codes under the installation's `key`; those used are noted in the data dir."""

    def __init__(self, key: bytes, data_dir: DataDir, revoked: Revocations) -> None:
        self._key = key
        self._revoked = revoked
        self._used = UsedCodes(data_dir)

    def enrol(self, body: bytes, registry: Registry) -> EnrolAnswer:
        """A token for the code in `body`. Raises `Problem`: 400, or 401 for a code that does not hold."""
        try:
            asked = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Problem(
                400, "Bad Request", 'Send {"code": "...", "phone": "..."} as JSON.'
            ) from None
        now_ms = real_now_ms()
        try:
            claims = self._revoked.check(verify(self._key, asked.code, now_ms / 1000, "enrol"))
            if not self._used.use(claims, asked.phone):
                raise TokenError("the code has been used on another phone")
        except TokenError as error:
            detail = f"{error}: ask for a new code (pantau device enrol)."
            raise Problem(401, "Unauthorized", detail, {"WWW-Authenticate": "Bearer"}) from None
        made = device_claims(claims.sub, now_ms)
        region = registry.region_of_unit(claims.sub)
        key = None
        # Every clinic is a unit, but not every unit a clinic.
        if region is not None and _is_clinic(registry, region, claims.sub, now_ms):
            key = region_key(self._key, region).hex()
        return EnrolAnswer(issue(self._key, made), rfc3339((made.exp or 0) * 1000), key)


def _is_clinic(registry: Registry, region: str, unit_id: str, now_ms: int) -> bool:
    unit = registry.unit(unit_id, registry.local_day(region, now_ms))
    return unit is not None and unit.kind == "clinic"
