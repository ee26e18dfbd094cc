"""The funnel of enrolment: where each unit stands, by what is noted of its codes and what was received of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

import msgspec

from contracts.enrolments import CodeMade, EnrolmentRecord
from contracts.registry.entities import Recipient, Registry, Unit
from contracts.revocations import Revocations
from contracts.tokens import Claims, TokenError, TokenKind

Stage = Literal["uninvited", "invited", "ended", "enrolled", "this-week", "silent"]
"""Where a unit stands: in one of them. What was received counts more than what is noted of codes."""
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
WEEK_MS: Final = 7 * 86_400_000


class Heard(msgspec.Struct, frozen=True):
    """When the first and the last event of a unit were received, epoch ms by the region's clock."""

    first_ms: int
    last_ms: int


class FunnelUnit(msgspec.Struct, frozen=True):
    """One unit. Times: epoch ms; of codes by the real clock, of events by the region's; None: it was not, or is not known.

    `code_until_ms`: end of the newest code that is open; `enrolled_ms`: when a phone last used a code.
    """

    unit_id: str
    kind: str
    name: str
    kecamatan: str
    stage: Stage
    code_until_ms: int | None
    enrolled_ms: int | None
    first_event_ms: int | None
    last_event_ms: int | None


class KnownCodes:
    """What is noted of one unit's codes, less those that a revocation has made void."""

    def __init__(
        self, records: Iterable[EnrolmentRecord], revoked: Revocations, now_ms: int
    ) -> None:
        self.is_any = False
        self.open_until_ms: int | None = None
        self.used_ms: int | None = None
        made: list[CodeMade] = []
        used: set[str] = set()
        for one in records:
            self.is_any = True
            if isinstance(one, CodeMade):
                made.append(one)
            else:
                used.add(one.jti)
                if _holds(revoked, "device", one.sub, one.at_ms):
                    self.used_ms = max(self.used_ms or 0, one.at_ms)
        for code in made:
            is_open = code.jti not in used and code.until_ms > now_ms
            if is_open and _holds(revoked, "enrol", code.sub, code.made_ms):
                self.open_until_ms = max(self.open_until_ms or 0, code.until_ms)

    def stage(self) -> Stage:
        """Where a unit stands of which nothing was ever received."""
        if self.used_ms is not None:
            return "enrolled"
        if self.open_until_ms is not None:
            return "invited"
        return "ended" if self.is_any else "uninvited"


def _holds(revoked: Revocations, kind: TokenKind, sub: str, made_ms: int) -> bool:
    try:
        revoked.check(Claims(kind, sub, "", made_ms=made_ms))
    except TokenError:
        return False
    return True


def funnel(
    registry: Registry,
    region: str,
    records: Iterable[EnrolmentRecord],
    revoked: Revocations,
    heard: Mapping[str, Heard],
    now_ms: int,
    real_now_ms: int,
) -> list[FunnelUnit]:
    """All units and recipients of the region that are active today, by kecamatan and name.

    `now_ms`: the region's clock, by which events are received; `real_now_ms`: the clock of codes.
    """
    by_unit: dict[str, list[EnrolmentRecord]] = {}
    for record in records:
        by_unit.setdefault(record.sub, []).append(record)
    view = registry.view(region, registry.local_day(region, now_ms))
    active: list[tuple[str, str, Unit | Recipient]] = [
        *((unit.unit_id, unit.kind, unit) for unit in view.units.values()),
        *((one.recipient_id, "recipient", one) for one in view.recipients.values()),
    ]
    found = []
    for id_, kind, row in active:
        if row.status != "active":
            continue
        codes = KnownCodes(by_unit.get(id_, ()), revoked, real_now_ms)
        last = heard.get(id_)
        stage = codes.stage()
        if last is not None:
            stage = "this-week" if last.last_ms > now_ms - WEEK_MS else "silent"
        found.append(
            FunnelUnit(
                unit_id=id_,
                kind=kind,
                name=row.name,
                kecamatan=row.kecamatan,
                stage=stage,
                code_until_ms=codes.open_until_ms,
                enrolled_ms=codes.used_ms,
                first_event_ms=last.first_ms if last else None,
                last_event_ms=last.last_ms if last else None,
            )
        )
    return sorted(found, key=lambda one: (one.kecamatan, one.name, one.unit_id))


class FunnelCounts(msgspec.Struct, frozen=True):
    """Units of an area: all, by where they stand, and `first_event`: anything was ever received (this week or not)."""

    units: int
    uninvited: int
    invited: int
    ended: int
    enrolled: int
    first_event: int
    this_week: int
    silent: int


def counts(units: Sequence[FunnelUnit]) -> FunnelCounts:
    """Of these units."""
    of = {stage: sum(one.stage == stage for one in units) for stage in STAGES}
    return FunnelCounts(
        units=len(units),
        uninvited=of["uninvited"],
        invited=of["invited"],
        ended=of["ended"],
        enrolled=of["enrolled"],
        first_event=of["this-week"] + of["silent"],
        this_week=of["this-week"],
        silent=of["silent"],
    )
