"""Kafka topics, their settings, and the headers of Pantau's own records."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

MAX_RECORD_BYTES: Final = 1_000_000
"""Greatest record value, bytes. Writers split before it; a value at the broker's own limit would be refused at every retry."""
MAX_STATE_BYTES: Final = 8_000_000
"""Greatest record of state, and of what stage one tells stage two of one pane, bytes: these cannot be split."""

SPPG_EVENTS: Final = "sppg.events"
CLINIC_EVENTS: Final = "clinic.events"
RECIPIENT_EVENTS: Final = "recipient.events"
UNIT_WINDOWS: Final = "unit.windows"
AREA_WINDOWS: Final = "area.windows"
VERDICTS: Final = "verdicts"
ALERTS: Final = "alerts"
DEAD_LETTERS: Final = "dead.letters"
REGISTRY: Final = "registry"
REGION_FEED: Final = "region.feed"
LIVE: Final = "live"
CLOCK: Final = "clock"
GENERATIONS: Final = "generations"
REVOCATIONS: Final = "revocations"
ENROLMENTS: Final = "enrolments"
COMMANDS: Final = "commands"
COMMAND_STATE: Final = "command.state"
PROGRESS: Final = "progress"
UNIT_STATE: Final = {
    SPPG_EVENTS: "unit.state.sppg",
    CLINIC_EVENTS: "unit.state.clinic",
    RECIPIENT_EVENTS: "unit.state.recipient",
}
REGION_STATE: Final = "region.state"

TOPIC_OF_KIND: Final = {"sppg": SPPG_EVENTS, "clinic": CLINIC_EVENTS, "recipient": RECIPIENT_EVENTS}
"""Kind of a source -> the topic of its events."""
EVENT_TOPICS: Final = tuple(TOPIC_OF_KIND.values())
TABLE_TOPICS: Final = (UNIT_WINDOWS, AREA_WINDOWS, VERDICTS, ALERTS, DEAD_LETTERS)
"""Topics whose records are table lines: the sink inserts them as they are."""

REBUILT_TOPICS: Final = frozenset(
    {
        *(UNIT_WINDOWS, AREA_WINDOWS, VERDICTS, ALERTS, REGION_FEED, LIVE, PROGRESS),
        *(REGION_STATE, COMMAND_STATE, *UNIT_STATE.values()),
    }
)
"""What each generation has of its own (see `contracts.results.generations`); all other topics are shared."""

TABLE_HEADER: Final = "table"
SEQ_HEADER: Final = "seq"
CONTROL_HEADER: Final = "pantau-control"
SIGNATURE_HEADER: Final = "pantau-signature"
TICK: Final = "tick"
REGISTRY_CHANGE: Final = "registry"
GENERATION_CHANGE: Final = "generation"
REVOCATION: Final = "revocation"
ENROLMENT: Final = "enrolment"
COMMAND: Final = "command"
_BOUND: Final = b"2:"
"""Begins a signature that names its partition. One without it is of an earlier version, which signed kind and value only."""
_TOPICS_OF_KIND: Final[dict[bytes, tuple[str, ...]]] = {
    TICK.encode(): EVENT_TOPICS,
    REGISTRY_CHANGE.encode(): (*EVENT_TOPICS, REGISTRY),
    GENERATION_CHANGE.encode(): (GENERATIONS,),
    REVOCATION.encode(): (REVOCATIONS,),
    COMMAND.encode(): (COMMANDS,),
}
"""Where a record with a signature of the earlier version may lie."""
HEAD_KEY: Final = "~head"
"""Row key of the record that ends a frame on `live`."""

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must exist. `config` holds broker settings; `partitions` is fixed at creation."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def generation_name(name: str, generation: int) -> str:
    """A name (of a topic, group or transactional id) as `generation` has it; the first has it as it is."""
    return name if generation == 1 else f"{name}.g{generation}"


def topic_of(name: str, generation: int) -> str:
    """The topic that plays the part of `name` in `generation`; a shared one is itself."""
    return generation_name(name, generation) if name in REBUILT_TOPICS else name


def generation_of_topic(topic: str) -> int | None:
    """The generation that a topic is of; None for a shared one and for what is none of ours."""
    base, _, number = topic.rpartition(".g")
    if base in REBUILT_TOPICS and number.isdigit() and int(number) > 1:
        return int(number)
    return 1 if topic in REBUILT_TOPICS else None


def topics(partitions: int, region_partitions: int, generation: int = 1) -> tuple[Topic, ...]:
    """All topics of an installation that shows `generation`.

    `partitions`: of the event topics and what follows them; `region_partitions`: of what is stored by region.
    Event topics keep 90 days: longer than any event may still be corrected (60 days), the lines stay in ClickHouse for good.
    Commands are retained for good: they are in no other place, and a rebuild reads them again.
    """
    log = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "1048588"}

    def retained(days: int) -> dict[str, str]:
        return log | {"retention.ms": str(days * _DAY_MS)}

    # An active segment is never compacted: small segments that close often keep a restart's reading short.
    compacted = log | {
        "cleanup.policy": "compact",
        "segment.bytes": str(32 * 1024 * 1024),
        "segment.ms": str(600_000),
        "min.cleanable.dirty.ratio": "0.3",
        "delete.retention.ms": str(_DAY_MS),
    }
    # What one source sends in a day may make one record: if Kafka refused it, the stage would stop for all of them.
    large = {"max.message.bytes": str(MAX_STATE_BYTES + 48_588)}
    state = compacted | large
    wanted = (
        *(Topic(name, partitions, retained(90)) for name in EVENT_TOPICS),
        *(Topic(UNIT_STATE[name], partitions, state) for name in EVENT_TOPICS),
        Topic(UNIT_WINDOWS, partitions, retained(7)),
        Topic(VERDICTS, partitions, retained(7)),
        Topic(DEAD_LETTERS, 1, retained(90)),
        Topic(REGION_FEED, region_partitions, retained(7) | large),
        Topic(REGION_STATE, region_partitions, state),
        Topic(AREA_WINDOWS, region_partitions, retained(7)),
        Topic(ALERTS, region_partitions, retained(90)),
        Topic(LIVE, region_partitions, compacted),
        Topic(PROGRESS, 1, compacted),
        Topic(REGISTRY, 1, compacted),
        Topic(CLOCK, 1, retained(1)),
        Topic(GENERATIONS, 1, compacted),
        Topic(REVOCATIONS, 1, compacted),
        Topic(ENROLMENTS, 1, compacted),
        Topic(COMMANDS, region_partitions, log | {"retention.ms": "-1"}),
        Topic(COMMAND_STATE, region_partitions, state),
    )
    return tuple(replace(topic, name=topic_of(topic.name, generation)) for topic in wanted)


class ControlRecord(Protocol):
    """What the signature of a control record is about."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


def control_headers(
    key: bytes, kind: str, topic: str, partition: int, value: bytes
) -> list[tuple[str, bytes]]:
    """Headers that mark a control record as Pantau's own, signed with its key.

    `kind`: tick, registry, generation, revocation, enrolment or command.

    They are of that partition alone: a copy in another one is a stranger's record.
    """
    signature = _signature(key, kind.encode(), topic, partition, value)
    return [(CONTROL_HEADER, kind.encode()), (SIGNATURE_HEADER, signature)]


def control_of(key: bytes, record: ControlRecord) -> str:
    """Kind of a control record that `key` has signed; '' for any other record, whatever its headers hold."""
    by_name = dict(record.headers)
    kind, signature = by_name.get(CONTROL_HEADER) or b"", by_name.get(SIGNATURE_HEADER) or b""
    if not kind:
        return ""
    value = record.value or b""
    expected = _signature(key, kind, record.topic, record.partition, value)
    if not signature.startswith(_BOUND):
        if record.topic not in _TOPICS_OF_KIND.get(kind, ()):
            return ""
        expected = _hex_hmac(key, kind + b"\0" + value)
    return kind.decode() if hmac.compare_digest(expected, signature) else ""


def _signature(key: bytes, kind: bytes, topic: str, partition: int, value: bytes) -> bytes:
    place = f"{topic}/{partition}".encode()
    return _BOUND + _hex_hmac(key, b"\0".join((_BOUND, kind, place, value)))


def _hex_hmac(key: bytes, content: bytes) -> bytes:
    """Hex HMAC-SHA-256. As bytes: `compare_digest` raises for texts that are not ASCII, and a stranger may send any."""
    return hmac.new(key, content, hashlib.sha256).hexdigest().encode()
