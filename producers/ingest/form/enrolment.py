"""`POST /v1/enrol`: a phone trades a one-time code, or a school link, for its token."""

from __future__ import annotations

from typing import Final

import msgspec

from chassis.datadir import DataDir
from chassis.http.problems import Problem
from chassis.used_codes import UsedCodes
from contracts.enrolments import CodeUsed
from contracts.pseudonyms import region_key
from contracts.registry.entities import Registry
from contracts.revocations import Revocations
from contracts.time.clock import Clock, real_now_ms, rfc3339
from contracts.tokens import Claims, TokenError, device_claims, issue, verify
from producers.ingest.form.link_phones import LINK_PHONES, LinkPhones
from producers.ingest.form.source_info import SourceAnswer, source_answer


class EnrolRequest(msgspec.Struct):
    """`phone`: a random name of the phone: it alone may use the code again, when the answer was lost. A school link needs one."""

    code: str
    phone: str = ""


class EnrolAnswer(msgspec.Struct, omit_defaults=True):
    """`pseudonym_key`: hex, of a clinic alone; no other source makes pseudonyms. `source`: as `GET /v1/source` gives it, so that the
    first screen needs no further round trip; absent where the registry has no row of it today."""

    token: str
    expires: str
    pseudonym_key: str | None = None
    source: SourceAnswer | None = None


_decoder: Final = msgspec.json.Decoder(EnrolRequest)


class Enrolment:
    """Takes codes and links under the installation's `key`; those used are noted in the data dir. `clock`: the region's."""

    def __init__(self, key: bytes, data_dir: DataDir, clock: Clock, revoked: Revocations) -> None:
        self._key = key
        self._clock = clock
        self._revoked = revoked
        self._used = UsedCodes(data_dir)
        self._link_phones = LinkPhones(data_dir)

    def enrol(self, body: bytes, registry: Registry) -> tuple[EnrolAnswer, CodeUsed]:
        """A token for the code in `body`, and what is to be noted of it. Raises `Problem`: 400, 401 for a code that does not hold,
        or 403 for a link that has had enough phones today."""
        try:
            asked = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Problem(
                400, "Bad Request", 'Send {"code": "...", "phone": "..."} as JSON.'
            ) from None
        now_ms = real_now_ms()
        try:
            claims = verify(self._key, asked.code, now_ms / 1000, "enrol", "link")
            self._revoked.check(claims)
            if claims.kind == "link":
                self._take_link(claims, asked.phone, registry, now_ms)
            elif not self._used.use(claims, asked.phone):
                raise TokenError("the code has been used on another phone")
        except TokenError as error:
            detail = f"{error}: ask for a new code (pantau device enrol)."
            raise Problem(401, "Unauthorized", detail, {"WWW-Authenticate": "Bearer"}) from None
        until = claims.exp if claims.kind == "link" else None
        made = device_claims(claims.sub, now_ms, until)
        answer = EnrolAnswer(
            token=issue(self._key, made),
            expires=rfc3339((made.exp or 0) * 1000),
            pseudonym_key=self._pseudonym_key(registry, claims.sub),
            source=source_answer(registry, self._clock, claims.sub),
        )
        return answer, CodeUsed(claims.sub, claims.jti, made.made_ms)

    def _take_link(self, claims: Claims, phone: str, registry: Registry, now_ms: int) -> None:
        """Notes the phone of a school link. Raises `Problem`, or `TokenError` if it stands for no recipient of today."""
        if not phone:
            raise Problem(400, "Bad Request", 'A school link needs {"phone": "<random name>"}.')
        region = registry.region_of_source(claims.sub)
        day = None if region is None else registry.local_day(region, self._clock.now_ms())
        recipient = None if day is None else registry.recipient(claims.sub, day)
        if recipient is None or recipient.status == "closed":
            raise TokenError("the link is of no school, pesantren or posyandu of today")
        if not self._link_phones.admit(claims.jti, phone, now_ms):
            detail = (
                f"{LINK_PHONES} phones have opened this link within 24 hours: try again tomorrow, "
                "or enrol this phone with a code of its own (pantau device enrol)."
            )
            raise Problem(403, "Forbidden", detail)

    def _pseudonym_key(self, registry: Registry, unit_id: str) -> str | None:
        """Of a clinic alone: every clinic is a unit, but not every unit a clinic."""
        region = registry.region_of_unit(unit_id)
        if region is None:
            return None
        unit = registry.unit(unit_id, registry.local_day(region, self._clock.now_ms()))
        is_clinic = unit is not None and unit.kind == "clinic"
        return region_key(self._key, region).hex() if is_clinic else None
