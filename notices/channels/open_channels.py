"""All channels of a configuration, ready to send."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientSession

from contracts.people import ChannelName
from notices.channels.channel_settings import GatewaySettings, NoticeSettings, read_secret
from notices.channels.delivery import NoticeChannel
from notices.channels.http_gateway import HttpGateway
from notices.channels.mail import Mail
from notices.channels.webhook import Webhook, webhook_key


def open_channels(
    settings: NoticeSettings, folder: Path, session: ClientSession
) -> dict[ChannelName, NoticeChannel]:
    """`folder`: of notices.yaml. Raises `OperatorError` for a secret that is not there, not closed, or too short."""
    channels: dict[ChannelName, NoticeChannel] = {}
    if settings.webhooks:
        places = {
            name: (one.url, webhook_key(read_secret(folder, one.secret_file)))
            for name, one in settings.webhooks.items()
        }
        channels["webhook"] = Webhook(session, places)
    if settings.email is not None:
        secret = settings.email.password_file
        channels["email"] = Mail(settings.email, read_secret(folder, secret) if secret else "")
    gateways: tuple[tuple[ChannelName, GatewaySettings | None], ...] = (
        ("whatsapp", settings.whatsapp),
        ("sms", settings.sms),
    )
    for name, gateway in gateways:
        if gateway is not None:
            secret = gateway.secret_file
            password = read_secret(folder, secret) if secret else ""
            channels[name] = HttpGateway(session, gateway, password)
    return channels
