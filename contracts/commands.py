"""What people say of an alert, of food or of a report: the values of records of `commands`, JSON.

The gateway writes them, and ingest `Confirm` and `AnswerReturn`, each as a control record of kind `command`
(`contracts.results.topics.control_headers`) into the partition of the region (`partition_of` its code). When it was given
is the record's append time on the region's clock.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from contracts.time.days import DAY_MS

Who = Annotated[str, Meta(min_length=1, max_length=100)]
CommandNote = Annotated[str, Meta(max_length=500)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]

HOLD: Final = "hold"
"""Kind of the alert that shows a hold."""
HOLD_LASTS_MS: Final = DAY_MS
"""A batch name holds for 24 hours: what all have stopped by then is no longer there."""
MOST_RECIPIENTS: Final = 200
"""Of one hold: more than any kitchen serves."""
ASSESSABLE_MS: Final = 35 * DAY_MS
"""A cluster may be assessed for so long after it is over: the laboratory's result takes days."""


class GivenCommand(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """What all commands share. `id`: of the command; one that comes twice counts once."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    region: str
    by: Who
    note: CommandNote


class AlertCommand(GivenCommand, frozen=True, kw_only=True):
    """What all commands about an alert share."""

    alert_id: str

    @property
    def about(self) -> str:
        """What it is about: the key of its record."""
        return self.alert_id


class Acknowledge(AlertCommand, tag="acknowledge", frozen=True, kw_only=True):
    """Somebody takes care. `until_ms`: when that runs out, epoch ms on the region's clock; None: never."""

    until_ms: int | None = None


class Assess(AlertCommand, tag="assess", frozen=True, kw_only=True):
    """What the health office finds a suspected cluster to be; the note says why."""

    assessment: Literal["verified", "discarded"]


class Hold(AlertCommand, tag="hold", frozen=True, kw_only=True):
    """Nobody eats a batch of a kitchen at these recipients. `alert_id`: the alert because of which; the note says why."""

    unit: Name
    batch: Name
    recipients: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=MOST_RECIPIENTS)]

    @property
    def shown_as(self) -> str:
        """Id of the alert that shows this hold: what confirms or lifts it names it."""
        return f"{HOLD}-{self.id}"


class Confirm(AlertCommand, tag="confirm", frozen=True, kw_only=True):
    """A recipient (`by`) has stopped. `alert_id`: the hold's; `eaten`: some of the food had been eaten by then."""

    eaten: bool


class Release(AlertCommand, tag="release", frozen=True, kw_only=True):
    """A hold is lifted. `alert_id`: the hold's; the note says why."""


class MarkStep(AlertCommand, tag="mark_step", frozen=True, kw_only=True):
    """A step of the region's checklist is done, or not after all. The note is the step's text as it stood then."""

    step: Name
    done: bool


class ReportCommand(GivenCommand, frozen=True, kw_only=True):
    """What commands about a report share. `unit`, `event`: whose it is, and the event's id."""

    unit: Name
    event: Name

    @property
    def about(self) -> str:
        """What it is about: the key of its record."""
        return f"{self.unit}/{self.event}"


class ReturnReport(ReportCommand, tag="return_report", frozen=True, kw_only=True):
    """Somebody wants a report corrected or taken back. `type`: of the event; the note says why, as its source is shown it."""

    type: Name


class AnswerReturn(ReportCommand, tag="answer_return", frozen=True, kw_only=True):
    """Its source (`by`) has sent an event that names the report in `supersedes`: `answer` is that event's id."""

    answer: Name


OnAlert = Acknowledge | Assess | MarkStep | Hold | Confirm | Release
OnReport = ReturnReport | AnswerReturn
Command = OnAlert | OnReport
_decoder: Final[msgspec.json.Decoder[Command]] = msgspec.json.Decoder(Command)
_alert_decoder: Final[msgspec.json.Decoder[OnAlert]] = msgspec.json.Decoder(OnAlert)
encode_command: Final = msgspec.json.Encoder().encode


def decode_command(value: bytes) -> Command:
    """The command that `encode_command` wrote. Raises `msgspec.DecodeError` (a `ValueError`) for anything else."""
    return _decoder.decode(value)


def decode_alert_command(value: bytes) -> OnAlert:
    """As `decode_command`, where only commands about alerts may stand."""
    return _alert_decoder.decode(value)
