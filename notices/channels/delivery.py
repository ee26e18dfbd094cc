"""One notice on its way to one person by one channel, and what a channel says of it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from contracts.people import ChannelName
from notices.core.notice import Notice


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """`id`: the same at every attempt, so that a receiver knows a double. `body`: the notice as JSON, for webhooks."""

    id: str
    region: str
    person_id: str
    channel: ChannelName
    created_at: int
    title: str
    text: str
    body: bytes


class RefusedDeliveryError(Exception):
    """It will not be taken, however often it is sent. The message says why, and repeats nothing that was answered."""


class FailedDeliveryError(Exception):
    """It may be taken later; not before `after_s` seconds, where the receiver asked for that."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class NoticeChannel(Protocol):
    """A way to people. To add one: implement this, name it in `contracts.people.ChannelName` and in `open_channels`."""

    async def send(self, delivery: Delivery, address: str) -> None:
        """Returns when the receiver has taken it. Raises `RefusedDeliveryError`, `FailedDeliveryError`."""


class _Item(msgspec.Struct, frozen=True):
    what: str
    alert_id: str
    short_id: str
    kind: str
    severity: int
    state: str
    unit_id: str
    subject: str
    raised_at: str
    updated_at: str
    followers: int


class _Body(msgspec.Struct, frozen=True):
    id: str
    region: str
    person_id: str
    title: str
    text: str
    alerts: list[_Item]


def delivery_of(notice: Notice, channel: ChannelName) -> Delivery:
    """By one of the person's channels."""
    identity = f"{notice.id}.{channel}"
    items = [
        _Item(
            what=item.what,
            alert_id=item.alert.row.id,
            short_id=item.alert.row.short_id,
            kind=item.alert.row.kind,
            severity=item.alert.row.severity,
            state=item.alert.row.state,
            unit_id=item.alert.row.unit_id,
            subject=item.alert.row.subject,
            raised_at=item.alert.row.raised_at,
            updated_at=item.alert.row.updated_at,
            followers=item.followers,
        )
        for item in notice.items
    ]
    body = _Body(identity, notice.region, notice.person_id, notice.title, notice.text, items)
    return Delivery(
        id=identity,
        region=notice.region,
        person_id=notice.person_id,
        channel=channel,
        created_at=notice.created_at,
        title=notice.title,
        text=notice.text,
        body=msgspec.json.encode(body),
    )
