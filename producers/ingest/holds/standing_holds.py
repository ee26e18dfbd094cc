"""Which holds stand, as the commands say; who is asked, and who has confirmed. Pure."""

from __future__ import annotations

import msgspec

from contracts.commands import HOLD_LASTS_MS, Command, Confirm, Hold, Release


class Confirmed(msgspec.Struct, frozen=True):
    """A recipient's answer. `at_ms`: region's clock, epoch ms."""

    at_ms: int
    eaten: bool


class StandingHold(msgspec.Struct):
    """An order of `at_ms` (region's clock, epoch ms), and its recipients' answers."""

    order: Hold
    at_ms: int
    confirmed: dict[str, Confirmed]

    def is_over(self, now_ms: int) -> bool:
        """All have confirmed, and a batch is over after a day."""
        all_have = len(self.confirmed) == len(set(self.order.recipients))
        return all_have and now_ms >= self.at_ms + HOLD_LASTS_MS

    def concerns(self, source_id: str) -> bool:
        """Whether this recipient is asked, or this kitchen cooked it."""
        return source_id == self.order.unit or source_id in self.order.recipients


class StandingHolds:
    """What was ordered and is neither lifted nor over, by the id under which it is shown."""

    def __init__(self) -> None:
        self._holds: dict[str, StandingHold] = {}

    def take(self, command: Command, at_ms: int) -> None:
        """A command, in the order of its partition. One that comes twice, or is of no hold, changes nothing."""
        if isinstance(command, Hold):
            self._holds.setdefault(command.shown_as, StandingHold(command, at_ms, {}))
        elif isinstance(command, Release):
            self._holds.pop(command.alert_id, None)
        elif isinstance(command, Confirm):
            hold = self._holds.get(command.alert_id)
            if hold is not None and command.by in hold.order.recipients:
                hold.confirmed.setdefault(command.by, Confirmed(at_ms, command.eaten))

    def get(self, shown_as: str) -> StandingHold | None:
        """By id."""
        return self._holds.get(shown_as)

    def of(self, source_id: str, now_ms: int) -> dict[str, StandingHold]:
        """Those that concern a recipient or a kitchen, oldest first."""
        for shown_as in [one for one, hold in self._holds.items() if hold.is_over(now_ms)]:
            del self._holds[shown_as]
        return {one: hold for one, hold in self._holds.items() if hold.concerns(source_id)}
