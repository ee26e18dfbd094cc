"""E-mail over SMTP."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Final

from contracts.time.clock import real_now_ms
from notices.channels.channel_settings import MailSettings
from notices.channels.delivery import Delivery, FailedDeliveryError, RefusedDeliveryError

_TIMEOUT_S: Final = 10.0
_FOR_GOOD: Final = 500


class Mail:
    """`password`: empty where the server asks for none."""

    def __init__(self, settings: MailSettings, password: str) -> None:
        self._settings = settings
        self._password = password
        self._tls = ssl.create_default_context(cafile=settings.ca_file or None)

    async def send(self, delivery: Delivery, address: str) -> None:
        """See `NoticeChannel`; `address`: an e-mail address."""
        letter = self._letter(delivery, address)
        try:
            # smtplib waits in the thread of who calls it.
            await asyncio.to_thread(self._send, letter)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise _outcome(min(codes), "the address is refused") from None
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
            # For the operator to mend: what waits goes out then.
            raise FailedDeliveryError(type(error).__name__) from None
        except smtplib.SMTPResponseException as error:
            raise _outcome(error.smtp_code, "the message is refused") from None
        except (smtplib.SMTPException, OSError) as error:
            raise FailedDeliveryError(type(error).__name__) from None

    def _send(self, letter: EmailMessage) -> None:
        settings = self._settings
        with self._connected() as server:
            if settings.security == "starttls":
                server.starttls(context=self._tls)
            if settings.user:
                server.login(settings.user, self._password)
            server.send_message(letter)

    def _connected(self) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        if self._settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=self._tls)
        return smtplib.SMTP(host, port, timeout=_TIMEOUT_S)

    def _letter(self, delivery: Delivery, address: str) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"] = Address("Pantau", addr_spec=self._settings.sender)
        letter["To"] = Address(addr_spec=address)
        letter["Subject"] = delivery.title
        letter["Date"] = formatdate(real_now_ms() / 1000)
        # The same at every attempt: mail programs show a double once.
        letter["Message-ID"] = f"<{delivery.id}@{self._settings.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(delivery.text + "\n")
        return letter


def _outcome(code: int, what: str) -> Exception:
    reason = f"SMTP {code}: {what}"
    return RefusedDeliveryError(reason) if code >= _FOR_GOOD else FailedDeliveryError(reason)
