"""One message to one person, and what it is about. Times: epoch ms on the region's clock."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from contracts.people import NoticeRole
from notices.core.known_alert import KnownAlert, What


class NoticeItem(msgspec.Struct, frozen=True):
    """One alert in a message. `followers`: open alerts of the same cause, which are not written about themselves."""

    what: What
    alert: KnownAlert
    followers: int = 0

    @property
    def order(self) -> tuple[int, bool, int, str]:
        """What needs people comes first, the worst before all."""
        ends = self.what in ("acknowledged", "assessed", "resolved")
        return -self.alert.row.severity, ends, self.alert.raised_at, self.alert.row.id


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """`id`: the same whenever and however often it is sent. `text` begins with what `title` says."""

    id: str
    region: str
    person_id: str
    role: NoticeRole
    created_at: int
    items: tuple[NoticeItem, ...]
    title: str
    text: str


def message_id(person: str, now: int, items: Sequence[NoticeItem]) -> str:
    """Fixed by who is told, when, and of what."""
    parts = [person, str(now)]
    parts += [f"{one.alert.row.id}/{one.alert.raised_at}/{one.what}" for one in items]
    return "n" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
