"""One way to a ClickHouse, embedded or server: clickhouse-connect with settings that fit us."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from chassis.clocks import ANALYST, clickhouse_password
from chassis.settings import Settings

_CONNECT_S: Final = 5
_ANSWER_S: Final = 300


def connect(url: str, user: str, password: str) -> Client:
    """A client of the ClickHouse at `url` (http or https, host, port; no credentials in it).

    Give each thread its own. Times come back as aware UTC. An insert may be sent twice after a broken connection, so give every insert an
    `insert_deduplication_token`, or rows that may come twice.
    Raises `clickhouse_connect.driver.exceptions.Error` if it cannot be reached or refuses the user.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"ClickHouse URL must be http://host:port or https://host:port: {url!r}")
    secure = parts.scheme == "https"
    return clickhouse_connect.get_client(
        host=parts.hostname,
        port=parts.port or (8443 if secure else 8123),
        interface=parts.scheme,
        username=user,
        password=password,
        database="default",
        # Plain on one machine; across a network compression pays.
        compress=secure,
        connect_timeout=_CONNECT_S,
        send_receive_timeout=_ANSWER_S,
        # Sessions serialise statements, and nothing here needs one.
        autogenerate_session_id=False,
        tz_mode="aware",
        # Our batches are large: they must not wait to be merged with others.
        settings={"async_insert": "0"} if user != ANALYST else {},
        client_name="pantau",
    )


def open_writer(settings: Settings) -> Client:
    """A client of the account that `settings` name, the password taken from the data dir if need be.

    Raises `DataDirError` if there is no password, and what `connect` raises.
    """
    return _open(settings, settings.clickhouse_user)


def open_analyst(settings: Settings) -> Client:
    """A client that sees what analysts see; raises as `open_writer`."""
    return _open(settings, ANALYST)


def _open(settings: Settings, user: str) -> Client:
    return connect(settings.clickhouse_url, user, clickhouse_password(settings, user))
