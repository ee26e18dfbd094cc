"""notices.yaml: where channels lead, and how often people are written to. Secrets lie in files of their own."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
import yaml

from chassis.operator_error import OperatorError
from chassis.regions.region_folder import read_yaml
from contracts.people import Person
from notices.core.notice_policy import NoticePolicy

_MINUTE_MS: Final = 60_000
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST_SECRET: Final = 4096


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`secret_file`: what requests are signed with, at least 24 characters; `plain`: http may be spoken to another machine."""

    url: str
    secret_file: str
    plain: bool = False


class MailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`security`: starttls (port 587), tls (465), or none, to this machine alone. `ca_file`: empty for the machine's."""

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: str = ""
    ca_file: str = ""


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An HTTP gateway. In the texts of `body`, `{to}`, `{text}`, `{title}` and `{id}` are filled in.

    `auth_header`: gets `auth_prefix` and the content of `secret_file`.
    """

    url: str
    body: dict[str, Any]
    headers: dict[str, str] = {}
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    secret_file: str = ""
    plain: bool = False


class PaceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See `NoticePolicy`; minutes."""

    fold_min: float = 15
    siaga_fold_min: float = 2
    per_hour: int = 4
    escalate_waspada_min: float = 60
    escalate_siaga_min: float = 15

    def policy(self) -> NoticePolicy:
        """As the book takes it."""
        return NoticePolicy(
            fold_ms=round(self.fold_min * _MINUTE_MS),
            siaga_fold_ms=round(self.siaga_fold_min * _MINUTE_MS),
            per_hour=self.per_hour,
            escalate_waspada_ms=round(self.escalate_waspada_min * _MINUTE_MS),
            escalate_siaga_ms=round(self.escalate_siaga_min * _MINUTE_MS),
        )


class NoticeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as written. `link`: of the desk, at the end of messages."""

    webhooks: dict[str, WebhookSettings] = {}
    email: MailSettings | None = None
    whatsapp: GatewaySettings | None = None
    sms: GatewaySettings | None = None
    pace: PaceSettings = PaceSettings()
    link: str = ""


def load_notice_settings(path: Path) -> NoticeSettings:
    """The settings in `path`. Raises `OperatorError` that names what is wrong, not its value."""
    try:
        found = read_yaml(path, NoticeSettings)
    except FileNotFoundError:
        raise OperatorError(
            f"{path} is missing: people.csv names people, and this file says how to reach them (docs/notices.md)"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise OperatorError(f"{path} is no YAML in UTF-8: mend it") from None
    except msgspec.ValidationError as error:
        raise OperatorError(f"{path}: {error}: mend it (`$` is the file's top level)") from None
    pace = found.pace
    shortest = (
        pace.fold_min, pace.siaga_fold_min, pace.escalate_waspada_min, pace.escalate_siaga_min, pace.per_hour,
    )  # fmt: skip
    if min(shortest) <= 0:
        raise OperatorError(f"{path}: pace: write numbers above 0")
    for name, hook in found.webhooks.items():
        _check_url(path, f"webhooks.{name}", hook.url, hook.plain)
    for name, gateway in (("whatsapp", found.whatsapp), ("sms", found.sms)):
        if gateway is not None:
            _check_url(path, name, gateway.url, gateway.plain)
    if found.email is not None:
        _check_mail(path, found.email)
    return found


def unreachable(people: tuple[Person, ...], found: NoticeSettings) -> str | None:
    """Whom people.csv wants to be reached by a way that is not configured; None: nobody."""
    for one in people:
        for channel in one.channels:
            if channel == "webhook" and one.hook in found.webhooks:
                continue
            if channel == "webhook" or getattr(found, channel) is None:
                way = f"webhooks.{one.hook}" if channel == "webhook" else channel
                return f"{one.person_id} of {one.region} is to be reached by {way}: add it to notices.yaml"
    return None


def read_secret(folder: Path, name: str) -> str:
    """The content of a file that only its owner can read; `name`: relative to notices.yaml. Raises `OperatorError`."""
    path = folder / name
    try:
        mode = path.stat().st_mode
        content = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"secret file {path}: {type(error).__name__}: put it there") from None
    if mode & _OTHERS:
        raise OperatorError(f"secret file {path} can be read by others: chmod 600 it")
    if not content or len(content) > _MOST_SECRET or not content.isprintable():
        raise OperatorError(f"secret file {path} holds no secret of one line")
    return content


def _check_url(path: Path, name: str, url: str, plain: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OperatorError(f"{path}: {name}.url: write it like https://example.go.id/hook")
    if parts.username or parts.password:
        raise OperatorError(f"{path}: {name}.url holds a password: put it into a secret file")
    if parts.scheme == "http" and not plain and parts.hostname not in _LOOPBACK:
        raise OperatorError(
            f"{path}: {name}.url: write https, or plain: true for a network that is yours alone"
        )


def _check_mail(path: Path, mail: MailSettings) -> None:
    if mail.security == "none" and mail.host not in _LOOPBACK:
        raise OperatorError(f"{path}: email.security: none is for a server on this machine alone")
    if bool(mail.user) != bool(mail.password_file):
        raise OperatorError(f"{path}: email: user and password_file belong together")
