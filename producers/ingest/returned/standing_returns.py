"""Which reports were returned and are not answered yet, as the commands say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from contracts.commands import OnReport, ReturnReport
from contracts.time.days import DAY_MS


class StandingReturn(NamedTuple):
    """`at_ms`: when it was returned, epoch ms of the region's clock."""

    order: ReturnReport
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReturnLimits:
    """How much is remembered: the newest. After `days` no correction of the report is taken any more: it would be too old."""

    of_source: int = 100
    days: int = 30


class StandingReturns:
    """By source and event: a report that is returned again has the reason of the last time."""

    def __init__(self, limits: ReturnLimits = ReturnLimits()) -> None:
        self._limits = limits
        self._by_source: dict[str, dict[str, StandingReturn]] = {}

    def take(self, command: OnReport, at_ms: int) -> None:
        """A command, in the order of its partition."""
        own = self._by_source.setdefault(command.unit, {})
        own.pop(command.event, None)
        if isinstance(command, ReturnReport):
            own[command.event] = StandingReturn(command, at_ms)
            if len(own) > self._limits.of_source:
                del own[next(iter(own))]
        if not own:
            del self._by_source[command.unit]

    def of(self, source: str, now_ms: int) -> dict[str, StandingReturn]:
        """Those of a unit or recipient by event, the newest first. `now_ms`: the region's clock."""
        own = self._by_source.get(source)
        if own is None:
            return {}
        since = now_ms - self._limits.days * DAY_MS
        return {id_: one for id_, one in reversed(own.items()) if one.at_ms >= since}
