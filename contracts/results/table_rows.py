"""Rows of the tables that are fed by table lines, beside the rows of windows: written by streams, and by ingest (dead letters)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from contracts.events.codes import Code
from contracts.results.columns import (
    Count,
    Flag,
    Label,
    MaybeDay,
    MaybeMoment,
    Moment,
    RegionCode,
    Signed32,
    Signed64,
    Small,
    String,
)
from contracts.time.instant import rfc3339
from contracts.time.windows import GRACE_MS

encode_row = msgspec.json.Encoder().encode

LETTERS_IN_FULL: Final = 100
"""Dead letters of one request, or of one record, that are stored in full: a few hundred bytes may hold 10,000 lines to refuse."""

Topic = Annotated[Label, "Kafka topic of the line; `ingest` when it never reached one"]
Partition = Annotated[Signed32, "Kafka partition; -1 when it never reached one"]
Offset = Annotated[Signed64, "Kafka offset; -1 when it never reached one"]
Line = Annotated[Small, "Line in the record, from 0"]


class ExceptionRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `exceptions`: a line that is no event of its own."""

    topic: Topic
    partition: Partition
    offset: Offset
    line: Line
    verdict: Annotated[Label, "duplicate, conflict or refused: the line is no event of its own"]
    code: Annotated[Label, "Why, as in dead_letters; empty for a duplicate"]


class EventStatusRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `event_status`: what corrections made of an event."""

    source: Annotated[String, "Source of the event"]
    id: Annotated[String, "Id of the event"]
    superseded_by: Annotated[String, "Id of what counts instead at last, or empty"]
    retracted: Annotated[Flag, "1 if a retraction ends its chain of corrections"]
    counts: Annotated[Flag, "1 if the event counts"]
    revision: Annotated[Count, "Input position that last changed it"]


class PositionRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `positions`: how far a stage has come with one input partition."""

    stream: Annotated[Label, "Output topic whose records before this one are vouched for"]
    topic: Annotated[Label, "Input topic"]
    partition: Annotated[Signed32, "Input partition"]
    position: Annotated[Signed64, "Next offset of the input: everything below it is applied"]
    watermark: Annotated[Moment, "All events received before are in (region's clock)"]
    time: Annotated[Moment, "Region's clock of the newest record applied"]

    @classmethod
    def at(
        cls, stream: str, topic: str, partition: int, position: int, time_ms: int
    ) -> PositionRow:
        """The position whose newest record has `time_ms`, epoch ms on the region's clock."""
        return cls(
            stream=stream,
            topic=topic,
            partition=partition,
            position=position,
            watermark=rfc3339(time_ms - GRACE_MS),
            time=rfc3339(time_ms),
        )


class DeadLetterRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `dead_letters`: a line that was refused, with its reason and its bytes."""

    letter_id: Annotated[String, "Identity of the letter"]
    received_at: Annotated[Moment, "Region's clock when it was refused"]
    region: RegionCode
    unit_id: Annotated[String, "Unit, as far as known"]
    code: Annotated[Label, "Why, as in the catalogue of codes"]
    detail: Annotated[String, "What is wrong and what to do"]
    attempts: Annotated[Small, "Times it was tried"]
    topic: Topic
    partition: Partition
    offset: Offset
    line: Line
    event_day: Annotated[MaybeDay, "Local day of the event's time, where it could be read"]
    key: Annotated[String, "Key of the record, base64"]
    bytes: Annotated[String, "The line as it came (NIK digits replaced), base64"]


def more_refused(codes: Iterable[Code], place: str) -> str:
    """Detail of the letter that counts what is not stored in full. `place`: what they came in, and where in it."""
    counted = Counter(codes)
    counts = ", ".join(f"{code} {count}" for code, count in counted.most_common())
    return f"{counted.total()} more items of {place} were refused and are not kept: {counts}."


class LetterActionRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `letter_actions`: what an operator did with a dead letter."""

    letter_id: Annotated[String, "The letter, as in dead_letters"]
    action_id: Annotated[String, "Identity of the action"]
    region: RegionCode
    unit_id: Annotated[String, "Unit of the letter, as far as known"]
    at: Annotated[Moment, "Region's clock when it was done"]
    action: Annotated[Label, "retry: its line was sent again; discard: nobody is to mend it"]
    attempt: Annotated[Small, "Which attempt a retry is, the first refusal being 1; 0: a discard"]
    by: Annotated[String, "Who did it"]
    reason: Annotated[String, "Why, in the words of who did it"]
    topic: Annotated[Label, "Kafka topic that the line was sent to, or empty"]
    partition: Annotated[Signed32, "Kafka partition that it was sent to; -1: a discard"]
    offset: Annotated[Signed64, "Kafka offset that it has there; -1: a discard"]


class AlertChangeRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `alert_changes`: an alert as one change left it."""

    id: Annotated[String, "Alert id"]
    short_id: Annotated[
        String, "A letter and a number to say on the telephone, unique among open alerts"
    ]
    region: RegionCode
    kind: Annotated[Label, "Kind of alert"]
    severity: Annotated[Flag, "1 pantau, 2 waspada, 3 siaga"]
    unit_id: Annotated[String, "Unit; empty if it is about the region"]
    subject: Annotated[
        String,
        "Recipient, batch, lot or sensor point; `network` where many units are silent at once",
    ]
    state: Annotated[Label, "raised, acknowledged or resolved"]
    resolution: Annotated[String, "Why it was resolved"]
    raised_at: Annotated[Moment, "When it was raised (region's clock)"]
    updated_at: Annotated[Moment, "When it last changed"]
    resolved_at: Annotated[MaybeMoment, "When it was resolved"]
    acknowledged_by: Annotated[String, "Who acknowledged it"]
    acknowledged_at: Annotated[MaybeMoment, "When it was acknowledged"]
    ack_until: Annotated[MaybeMoment, "When the acknowledgement runs out; null if it does not"]
    assessment: Annotated[
        Label, "What the health office says of a cluster: verified or discarded; else empty"
    ]
    assessed_by: Annotated[String, "Who assessed it"]
    assessed_at: Annotated[MaybeMoment, "When it was assessed"]
    note: Annotated[String, "Note of the acknowledgement, or why it was so assessed"]
    evidence: Annotated[
        String,
        "What it rests on, JSON: `events` (ids), `rule` (its numbers), `part_of` (id of the alert that "
        "has the same cause), and what the kind adds",
    ]
    revision: Annotated[Count, "Number of the change in its region: grows with each"]
