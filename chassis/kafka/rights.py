"""The accounts of an installation's Kafka, and what each may do.

Nobody but `admin` makes topics. Whoever may write to a topic is believed by its readers only as far as this list goes:
records of derived topics come from streams alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import NoError

from chassis.clocks import secret_key
from chassis.kafka import clients
from chassis.kafka.admin import TopicError
from chassis.kafka.cluster import Account, Cluster, cluster_of, password_of
from chassis.settings import Settings
from contracts.results.topics import (
    ALERTS,
    COMMANDS,
    DEAD_LETTERS,
    ENROLMENTS,
    EVENT_TOPICS,
    GENERATIONS,
    LIVE,
    PROGRESS,
    REBUILT_TOPICS,
    REGISTRY,
    REVOCATIONS,
)

_READ: Final = ("READ", "DESCRIBE", "DESCRIBE_CONFIGS")
_WRITE: Final = ("WRITE", "DESCRIBE")
_ANY: Final = "*"
_ITERATIONS: Final = 4096


@dataclass(frozen=True, slots=True)
class Right:
    """`operations` on the resources named `name`, or whose names begin with it."""

    kind: Literal["TOPIC", "GROUP", "TRANSACTIONAL_ID"]
    name: str
    operations: tuple[str, ...]
    begins: bool = False


def _topics(names: Iterator[str] | tuple[str, ...], operations: tuple[str, ...]) -> list[Right]:
    return [Right("TOPIC", name, operations) for name in names]


RIGHTS: Final[Mapping[Account, list[Right]]] = {
    "ingest": [
        *_topics((*EVENT_TOPICS, DEAD_LETTERS), _WRITE),
        # A recipient confirms a hold, a phone has used a code; signed, too.
        *_topics((COMMANDS, ENROLMENTS), _WRITE),
        *_topics((_ANY,), _READ),
        Right("GROUP", "pantau-", ("DESCRIBE",), begins=True),
    ],
    "streams": [
        *_topics((_ANY,), _READ),
        # Ticks, which are signed, go into the event topics.
        *_topics((*EVENT_TOPICS, DEAD_LETTERS), _WRITE),
        *(
            right
            for name in sorted(REBUILT_TOPICS)
            for right in (
                Right("TOPIC", name, _WRITE),
                Right("TOPIC", f"{name}.g", _WRITE, begins=True),
            )
        ),
        Right("GROUP", "pantau-streams", ("READ", "DESCRIBE"), begins=True),
        Right("TRANSACTIONAL_ID", "pantau/", _WRITE, begins=True),
        Right("TRANSACTIONAL_ID", "pantau.g", _WRITE, begins=True),
    ],
    "sinks": [
        *_topics((_ANY,), _READ),
        *_topics((PROGRESS,), _WRITE),
        Right("TOPIC", f"{PROGRESS}.g", _WRITE, begins=True),
        Right("GROUP", "pantau-sink", ("READ", "DESCRIBE"), begins=True),
    ],
    "notices": [
        *_topics((ALERTS, GENERATIONS), _READ),
        Right("TOPIC", f"{ALERTS}.g", _READ, begins=True),
    ],
    "gateway": [
        *_topics((LIVE, REGISTRY, GENERATIONS, REVOCATIONS), _READ),
        Right("TOPIC", f"{LIVE}.g", _READ, begins=True),
        # What people say of alerts; signed, too. It checks first that the topic is as it has to be.
        *_topics((COMMANDS,), (*_WRITE, "DESCRIBE_CONFIGS")),
    ],
    "operator": [
        *_topics((_ANY,), _READ),
        *_topics((REVOCATIONS, ENROLMENTS), _WRITE),
        # `pantau dead-letters`: lines that are sent again, and who did it.
        *_topics((*EVENT_TOPICS, DEAD_LETTERS), _WRITE),
        Right("TRANSACTIONAL_ID", "pantau.letters", _WRITE),
        Right("GROUP", "pantau-", ("DESCRIBE",), begins=True),
        # `pantau status` names the transaction that readers wait for.
        Right("TRANSACTIONAL_ID", _ANY, ("DESCRIBE",)),
    ],
    "devices": _topics(EVENT_TOPICS, _WRITE),
}
"""Account -> what it may do.

`operator`: commands that read, revoke tokens, or send dead letters again; `devices`: others that produce to the event topics directly."""


def _acls(account: str, rights: list[Right]) -> Iterator[ACL]:
    for right in rights:
        pattern = ResourcePattern(
            ResourceType[right.kind],
            right.name,
            ACLResourcePatternType.PREFIXED if right.begins else ACLResourcePatternType.LITERAL,
        )
        for operation in right.operations:
            yield ACL(
                f"User:{account}", "*", ACLOperation[operation], ACLPermissionType.ALLOW, pattern
            )


def grant(cluster: Cluster, key: bytes) -> None:
    """Give each account of `RIGHTS` its password and its rights. May be done again at any time.

    `cluster`: as `admin`. Raises `TopicError` for what the cluster refuses, `KafkaError` if it does not answer.
    """
    with clients.blocking_admin(cluster) as admin:
        answers = admin.alter_user_scram_credentials(
            [
                UserScramCredentialUpsertion(
                    name,
                    ScramMechanism.SCRAM_SHA_256,
                    password_of(key, name),
                    iterations=_ITERATIONS,
                )
                for name in RIGHTS
            ]
        )
        refused = {name: error for name, error in answers.items() if error}
        acls = [acl for name, rights in RIGHTS.items() for acl in _acls(name, rights)]
        failed = [error for _, error in admin.create_acls(acls)["failed"] if error is not NoError]
    if refused or failed:
        raise TopicError(f"Kafka at {cluster} takes no accounts or rights: {refused or failed[0]}")


def grant_ours(settings: Settings) -> None:
    """`grant`, where the cluster's accounts are Pantau's to make."""
    if settings.kafka_security.startswith("SASL") and not settings.kafka_user:
        grant(cluster_of(settings, "admin"), secret_key(settings))
