"""Who is written to when something needs people: the rows of a region's people.csv."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

NoticeRole = Literal["health", "desk", "leader"]
ChannelName = Literal["webhook", "email", "whatsapp", "sms"]

NOTICE_ROLES: Final[tuple[NoticeRole, ...]] = get_args(NoticeRole)
CHANNELS: Final[tuple[ChannelName, ...]] = get_args(ChannelName)
SEVERITIES: Final = ("pantau", "waspada", "siaga")
"""Severity 1, 2, 3."""
ALERT_KINDS: Final = (
    "delivery_late", "shortfall", "over_4h", "unsafe_batch", "over_capacity", "temperature", "unit_silent",
    "old_food", "food_refused", "illness_reported", "certificate", "foodborne_cluster", "hold",
)  # fmt: skip


class QuietHours(msgspec.Struct, frozen=True, array_like=True):
    """Minutes of the local day, first inclusive, last exclusive; over midnight where `first` > `last`."""

    first: int
    last: int

    def covers(self, minute: int) -> bool:
        """Whether they cover a minute of the day."""
        if self.first <= self.last:
            return self.first <= minute < self.last
        return minute >= self.first or minute < self.last


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person or one shared telephone. Empty `kinds` and `kecamatan`: all.

    `least`: least severity; `step`: 1 is written to at once, 2 and more if nobody acknowledges in time;
    `hook`: name of a webhook in notices.yaml.
    """

    region: str
    person_id: str
    name: str
    role: NoticeRole
    kinds: tuple[str, ...] = ()
    least: int = 1
    kecamatan: tuple[str, ...] = ()
    step: int = 1
    channels: tuple[ChannelName, ...] = ()
    quiet: QuietHours | None = None
    email: str = ""
    phone: str = ""
    hook: str = ""

    def address(self, channel: ChannelName) -> str:
        """Where `channel` reaches the person; empty if it does not."""
        return {"email": self.email, "webhook": self.hook}.get(channel, self.phone)
