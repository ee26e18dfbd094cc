"""Each channel against a real server on this machine."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st

from chassis.operator_error import OperatorError
from notices.channels.channel_settings import (
    GatewaySettings,
    MailSettings,
    load_notice_settings,
    read_secret,
    unreachable,
)
from notices.channels.delivery import (
    Delivery,
    FailedDeliveryError,
    RefusedDeliveryError,
    delivery_of,
)
from notices.channels.http_gateway import HttpGateway, fill
from notices.channels.http_post import new_session
from notices.channels.mail import Mail
from notices.channels.open_channels import open_channels
from notices.channels.webhook import Webhook, webhook_key
from tests.notices.alert_rows import at, book, person, row
from tests.notices.receiver import CERTIFICATE, Receiver, mail_server, receiver

KEY: Final = b"a secret of enough bytes, for tests"


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with new_session() as one:
        yield one


def delivery(channel: Any = "webhook") -> Delivery:
    one = book()
    one.take(row(1, 0, severity=3))
    [notice] = one.due(at(0))
    return delivery_of(notice, channel)


# --- webhook ----------------------------------------------------------------------------------------------------------


async def test_a_webhook_is_signed_and_a_double_has_the_same_id(
    place: Receiver, session: ClientSession
) -> None:
    hook = Webhook(session, {"desk": (f"{place.url}/in", KEY)})
    one = delivery()
    await hook.send(one, "desk")
    await hook.send(one, "desk")
    first, second = place.requests
    assert first.path == "/in"
    assert first.is_signed(KEY) and second.is_signed(KEY)
    assert not first.is_signed(KEY[:-1])
    assert first.id == second.id == first.headers["idempotency-key"] == one.id
    body = json.loads(first.body)
    assert body["text"].startswith(body["title"])
    assert [(item["short_id"], item["what"], item["severity"]) for item in body["alerts"]] == [
        ("Ta", "new", 3)
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    status: int, place: Receiver, session: ClientSession
) -> None:
    with receiver() as elsewhere:
        place.answers = [(status, {"Location": elsewhere.url}, b"")] * 2
        gateway = HttpGateway(session, GatewaySettings(place.url, {"to": "{to}"}), "secret")
        for channel in (Webhook(session, {"desk": (place.url, KEY)}), gateway):
            with pytest.raises(FailedDeliveryError, match="redirects are not followed"):
                await channel.send(delivery(), "desk")
        assert len(place.requests) == 2
        assert not elsewhere.requests


@pytest.mark.parametrize(
    ("status", "headers", "is_final", "after_s"),
    [
        (400, {}, True, 0),
        (410, {}, True, 0),
        (401, {}, False, 0),
        (404, {}, False, 0),
        (429, {"Retry-After": "30"}, False, 30),
        (503, {"Retry-After": "9e99"}, False, 3600),
        (503, {"Retry-After": "soon"}, False, 0),
    ],
)
async def test_what_an_answer_means(
    status: int, headers: dict[str, str], is_final: bool, after_s: float,
    place: Receiver, session: ClientSession,
) -> None:  # fmt: skip
    place.answers = [(status, headers, b"secret words")]
    wanted = RefusedDeliveryError if is_final else FailedDeliveryError
    with pytest.raises(wanted, match=f"HTTP {status}") as caught:
        await Webhook(session, {"desk": (place.url, KEY)}).send(delivery(), "desk")
    assert getattr(caught.value, "after_s", 0) == after_s
    assert "secret" not in str(caught.value)


async def test_a_long_answer_is_not_read_and_a_dead_place_is_tried_again(
    place: Receiver, session: ClientSession
) -> None:
    place.answers = [(200, {}, b"x" * 5_000_000)]
    await Webhook(session, {"desk": (place.url, KEY)}).send(delivery(), "desk")
    with pytest.raises(FailedDeliveryError):
        await Webhook(session, {"desk": ("http://127.0.0.1:9", KEY)}).send(delivery(), "desk")
    with pytest.raises(RefusedDeliveryError):
        await Webhook(session, {}).send(delivery(), "desk")


def test_a_secret_of_the_standard_is_base64() -> None:
    assert webhook_key("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3") == b"0123456789abcdef01234567"
    for bad in ("whsec_???", "short"):
        with pytest.raises(OperatorError):
            webhook_key(bad)


# --- gateway ----------------------------------------------------------------------------------------------------------


async def test_a_gateway_gets_what_its_template_says(
    place: Receiver, session: ClientSession
) -> None:
    settings = GatewaySettings(
        url=place.url,
        body={"messages": [{"to": "{to}", "type": "text", "text": {"body": "{text}"}}], "n": 1},
        headers={"X-Account": "dinas"},
        auth_prefix="App ",
    )
    one = delivery("whatsapp")
    await HttpGateway(session, settings, "secret").send(one, "+6281200000001")
    [request] = place.requests
    assert request.headers["authorization"] == "App secret"
    assert request.headers["x-account"] == "dinas"
    assert request.headers["idempotency-key"] == one.id
    [message] = json.loads(request.body)["messages"]
    assert message == {"to": "+6281200000001", "type": "text", "text": {"body": one.text}}


@given(st.text(), st.text())
def test_no_text_gets_out_of_its_place(text: str, to: str) -> None:
    values = {"to": to, "text": text, "title": "", "id": ""}
    found = fill({"a": "{to}: {text}", "b": ["{text}"]}, values)
    assert found == {"a": f"{to}: {text}", "b": [text]}


# --- e-mail -----------------------------------------------------------------------------------------------------------


async def test_a_letter_by_starttls_and_password() -> None:
    with mail_server("pantau", "secret") as box:
        settings = MailSettings(
            host="localhost", port=box.port, sender="pantau@example.go.id", user="pantau",
            ca_file=str(CERTIFICATE),
        )  # fmt: skip
        one = delivery("email")
        box.refuse = ["451 later", "550 never"]
        mail = Mail(settings, "secret")
        with pytest.raises(FailedDeliveryError, match="SMTP 451"):
            await mail.send(one, "dinkes@example.go.id")
        with pytest.raises(RefusedDeliveryError, match="SMTP 550"):
            await mail.send(one, "dinkes@example.go.id")
        await mail.send(one, "dinkes@example.go.id")
        with pytest.raises(FailedDeliveryError, match=r"Authentication|Disconnected"):
            await Mail(settings, "wrong").send(one, "dinkes@example.go.id")
        with pytest.raises(FailedDeliveryError, match="SSLCertVerificationError"):
            await Mail(
                MailSettings("localhost", "pantau@example.go.id", box.port), ""
            ).send(one, "dinkes@example.go.id")  # fmt: skip
    [envelope] = box.letters
    assert envelope.rcpt_tos == ["dinkes@example.go.id"]
    assert isinstance(envelope.content, bytes)
    letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert letter["Subject"] == one.title
    assert letter["Message-ID"] == f"<{one.id}@example.go.id>"
    assert letter.get_content().replace("\r\n", "\n").rstrip() == one.text


# --- notices.yaml -----------------------------------------------------------------------------------------------------

_GOOD: Final = """
webhooks: {desk: {url: "https://hook.example.go.id/in", secret_file: hook}}
email: {host: smtp.example.go.id, sender: pantau@example.go.id, user: pantau, password_file: mail}
whatsapp: {url: "https://wa.example.go.id", secret_file: wa, body: {to: "{to}", text: "{text}"}}
pace: {fold_min: 10}
"""


async def test_a_configuration_opens_its_channels(tmp_path: Path, session: ClientSession) -> None:
    path = tmp_path / "notices.yaml"
    path.write_text(_GOOD)
    for name in ("hook", "mail", "wa"):
        (tmp_path / name).write_text("a secret of enough bytes\n")
        (tmp_path / name).chmod(0o600)
    found = load_notice_settings(path)
    assert found.pace.policy().fold_ms == 600_000
    assert sorted(open_channels(found, tmp_path, session)) == ["email", "webhook", "whatsapp"]
    assert unreachable((person(),), found) is None
    missing = unreachable((person(hook="other"),), found)
    assert missing is not None and "webhooks.other" in missing
    by_sms = person(channels=("sms",), phone="+6281200000001")
    assert "sms" in str(unreachable((by_sms,), found))
    (tmp_path / "wa").chmod(0o640)
    with pytest.raises(OperatorError, match="can be read by others"):
        open_channels(found, tmp_path, session)
    with pytest.raises(OperatorError, match="put it there"):
        read_secret(tmp_path, "nowhere")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("webhooks: [", "no YAML"),
        ("unknown: 1", "unknown"),
        ("webhooks: {a: {url: 'http://10.0.0.1/', secret_file: s}}", "write https"),
        ("webhooks: {a: {url: 'ftp://x', secret_file: s}}", "like https"),
        ("webhooks: {a: {url: 'https://u:geheim@x', secret_file: s}}", "holds a password"),
        ("email: {host: mail.example, sender: a@b.id, security: none}", "this machine alone"),
        ("email: {host: mail.example, sender: a@b.id, user: x}", "belong together"),
        ("pace: {per_hour: 0}", "above 0"),
    ],
)
def test_what_is_wrong_with_it_is_named(content: str, part: str, tmp_path: Path) -> None:
    path = tmp_path / "notices.yaml"
    path.write_text(content)
    with pytest.raises(OperatorError, match=part) as caught:
        load_notice_settings(path)
    assert "geheim" not in str(caught.value)


def test_without_the_file_it_says_where_to_read(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"docs/notices\.md"):
        load_notice_settings(tmp_path / "notices.yaml")
