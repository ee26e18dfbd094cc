"""A registry that knows what the examples name."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.time.instant import epoch_ms
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL

DAY = 86_400_000


@dataclass
class _Unit:
    kind: str


class ExampleRegistry:
    """Knows the units and the school of the examples from 2026-10-01 on."""

    first_day = epoch_ms("2026-10-01T00:00:00Z") // DAY

    def region_of_unit(self, unit_id: str) -> str | None:
        return REGION if unit_id in (KITCHEN, CLINIC) else None

    def region_of_recipient(self, recipient_id: str) -> str | None:
        return {SCHOOL: REGION, "npsn:1": "32.08"}.get(recipient_id)

    def local_day(self, region: str, epoch_ms: int) -> int:
        assert region == REGION
        return (epoch_ms + 7 * 3_600_000) // DAY

    def unit(self, unit_id: str, day: int) -> _Unit | None:
        return _Unit("sppg" if unit_id == KITCHEN else "clinic") if day >= self.first_day else None

    def recipient(self, recipient_id: str, day: int) -> object | None:
        return recipient_id if day >= self.first_day else None
