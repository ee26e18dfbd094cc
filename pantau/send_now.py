"""One message to one person of people.csv, sent at once by each of its channels."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.people import ChannelName, Person
from contracts.time.clock import real_now_ms

if TYPE_CHECKING:
    from notices.channels.delivery import Delivery


def person_of(settings: Settings, person_id: str) -> list[Person]:
    """The rows of that name: each region may have one. Raises `OperatorError` if there is none, or what is configured is wrong."""
    from notices.notice_configuration import read_configuration

    people, _ = read_configuration(settings)
    found = [one for one in people if one.person_id == person_id]
    if not found:
        raise OperatorError(f"no people.csv names {person_id}")
    return found


async def send_now(
    settings: Settings, person: Person, what: str, title: str, text: str
) -> dict[ChannelName, str]:
    """By channel why it was not taken, or ''. `what`: begins the id of the delivery. Nothing is tried again, nothing queued."""
    from notices.channels.delivery import FailedDeliveryError, RefusedDeliveryError
    from notices.channels.http_post import new_session
    from notices.channels.open_channels import open_channels
    from notices.notice_configuration import notices_file, read_configuration

    _, found = read_configuration(settings)
    outcome: dict[ChannelName, str] = {}
    folder: Path = notices_file(settings).parent
    async with new_session() as session:
        channels = open_channels(found, folder, session)
        for name in person.channels:
            delivery = _delivery(person, name, what, title, text)
            try:
                await channels[name].send(delivery, person.address(name))
            except (RefusedDeliveryError, FailedDeliveryError) as error:
                outcome[name] = str(error)
            else:
                outcome[name] = ""
    return outcome


def _delivery(person: Person, channel: ChannelName, what: str, title: str, text: str) -> Delivery:
    from notices.channels.delivery import Delivery

    id_ = f"{what}-{secrets.token_hex(8)}.{channel}"
    body = {
        "id": id_,
        "region": person.region,
        "person_id": person.person_id,
        "title": title,
        "text": text,
        "alerts": [],
    }
    return Delivery(
        id=id_,
        region=person.region,
        person_id=person.person_id,
        channel=channel,
        created_at=real_now_ms(),
        title=title,
        text=text,
        body=msgspec.json.encode(body),
    )
