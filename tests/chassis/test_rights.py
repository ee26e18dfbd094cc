"""Who may do what on the broker that `pantau up` starts, asked of the broker itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)

from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Account, Cluster, cluster_of
from chassis.kafka.rights import RIGHTS, grant_ours
from chassis.settings import Settings
from contracts.results.topics import (
    ALERTS,
    COMMANDS,
    DEAD_LETTERS,
    EVENT_TOPICS,
    GENERATIONS,
    LIVE,
    REGISTRY,
    UNIT_WINDOWS,
    topic_of,
    topics,
)
from engines.kafka.broker import KafkaBroker
from tests.ports import pick_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

WAIT_MS: Final = 2_000
NEXT: Final = topic_of(UNIT_WINDOWS, 2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Of an installation whose broker runs, with its topics and those of a second generation."""
    folder: Path = tmp_path_factory.mktemp("accounts")
    port = pick_port()
    given = Settings.model_validate(
        {
            "broker": f"127.0.0.1:{port}",
            "kafka_security": "SASL_PLAINTEXT",
            "secret_key": "ab" * 32,
            "data_dir": folder,
        }
    )
    admin = cluster_of(given, "admin")
    with KafkaBroker(folder / "kafka", port, admin_password=admin.password).running():
        grant_ours(given)
        # A second start of the same installation.
        grant_ours(given)
        ensure_topics(admin, topics(1, 1), 1)
        ensure_topics(admin, topics(1, 1, 2), 1)
        yield given


def write(cluster: Cluster, topic: str) -> None:
    # Without idempotence, whose own refusal comes first.
    producer = KafkaProducer(
        **cluster.client(),
        max_block_ms=WAIT_MS,
        bootstrap_timeout_ms=WAIT_MS,
        enable_idempotence=False,
    )
    try:
        producer.send(topic, b"{}", b"key").get(WAIT_MS / 1000)
    finally:
        producer.close(1)


def read(cluster: Cluster, topic: str, group: str | None = None, wait_ms: int = 5_000) -> None:
    # A refusal ends it at once, a read that is let in lasts `wait_ms`.
    consumer: Any = KafkaConsumer(
        topic,
        **cluster.client(),
        group_id=group,
        bootstrap_timeout_ms=WAIT_MS,
        consumer_timeout_ms=wait_ms,
    )
    try:
        list(consumer)
    finally:
        consumer.close()


def open_transaction(cluster: Cluster, name: str) -> None:
    producer = KafkaProducer(**cluster.client(), transactional_id=name, max_block_ms=WAIT_MS)
    try:
        producer.init_transactions()
    finally:
        producer.close(1)


@pytest.mark.parametrize(
    "change",
    [
        {"user": "", "security": "PLAINTEXT"},
        {"password": "guessed"},
        {"user": "admin", "mechanism": "PLAIN", "password": ""},
    ],
    ids=str,
)
def test_nobody_without_an_account_gets_in(settings: Settings, change: dict[str, Any]) -> None:
    with pytest.raises(KafkaError):
        write(replace(cluster_of(settings, "devices"), **change), EVENT_TOPICS[0])


@pytest.mark.parametrize(
    ("account", "topic"),
    [
        *(("devices", topic) for topic in EVENT_TOPICS),
        *(("ingest", topic) for topic in (*EVENT_TOPICS, DEAD_LETTERS, COMMANDS)),
        *(("streams", topic) for topic in (*EVENT_TOPICS, UNIT_WINDOWS, NEXT, LIVE, DEAD_LETTERS)),
        ("gateway", COMMANDS),
    ],
)
def test_an_account_writes_what_is_its(settings: Settings, account: Account, topic: str) -> None:
    write(cluster_of(settings, account), topic)


@pytest.mark.parametrize("account", [*RIGHTS])
def test_derived_topics_are_written_by_streams_alone(settings: Settings, account: Account) -> None:
    own = {right.name for right in RIGHTS[account] if "WRITE" in right.operations}
    cluster = cluster_of(settings, account)
    foreign = [UNIT_WINDOWS, NEXT, LIVE, REGISTRY] if account != "streams" else [REGISTRY]
    foreign += [COMMANDS] if account not in ("gateway", "ingest") else []
    assert own.isdisjoint(foreign)
    for topic in foreign:
        with pytest.raises(TopicAuthorizationFailedError):
            write(cluster, topic)


@pytest.mark.parametrize(
    ("account", "do", "error"),
    [
        ("devices", lambda to: read(to, EVENT_TOPICS[0]), TopicAuthorizationFailedError),
        ("sinks", lambda to: write(to, EVENT_TOPICS[0]), TopicAuthorizationFailedError),
        ("notices", lambda to: write(to, EVENT_TOPICS[0]), TopicAuthorizationFailedError),
        ("notices", lambda to: write(to, ALERTS), TopicAuthorizationFailedError),
        ("notices", lambda to: read(to, ALERTS, "pantau-sink"), GroupAuthorizationFailedError),
        ("notices", lambda to: open_transaction(to, "x"), TransactionalIdAuthorizationFailedError),
        ("devices", lambda to: open_transaction(to, "x"), TransactionalIdAuthorizationFailedError),
        ("ingest", lambda to: open_transaction(to, "pantau/x"), TransactionalIdAuthorizationFailedError),
        ("operator", lambda to: read(to, LIVE, "pantau-sink"), GroupAuthorizationFailedError),
    ],
)  # fmt: skip
def test_what_is_not_its_is_refused(
    settings: Settings, account: Account, do: Callable[[Cluster], None], error: type[Exception]
) -> None:
    with pytest.raises(error):
        do(cluster_of(settings, account))


def test_readers_read(settings: Settings) -> None:
    read(cluster_of(settings, "sinks"), EVENT_TOPICS[0], "pantau-sink")
    read(cluster_of(settings, "gateway"), LIVE, wait_ms=500)
    for topic in (ALERTS, topic_of(ALERTS, 2), GENERATIONS):
        read(cluster_of(settings, "notices"), topic, wait_ms=500)
    read(cluster_of(settings, "operator"), EVENT_TOPICS[0], wait_ms=500)
    open_transaction(cluster_of(settings, "streams"), "pantau/sppg.events/0")


def test_notices_sees_the_alerts_and_no_events(settings: Settings) -> None:
    # A topic that an account may not even see is no error to a client: it is not there.
    consumer: Any = KafkaConsumer(
        **cluster_of(settings, "notices").client(), bootstrap_timeout_ms=WAIT_MS
    )
    try:
        seen = consumer.topics()
    finally:
        consumer.close(autocommit=False)
    assert seen >= {ALERTS, GENERATIONS}
    assert not seen & {*EVENT_TOPICS, COMMANDS, LIVE}
