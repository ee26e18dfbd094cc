"""Why a line was refused: every code of a rejected item, a dead letter or an exception, with its
meaning.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Code(StrEnum):
    """Codes of the public contract. `MEANING` says what each one means; docs are made from it."""

    NOT_JSON = "not_json"
    NOT_AN_EVENT = "not_an_event"
    TOO_LARGE = "too_large"
    NIK = "nik"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    OUT_OF_RANGE = "out_of_range"
    NO_OFFSET = "no_offset"
    NOT_RFC3339 = "not_rfc3339"
    BAD_SOURCE = "bad_source"
    FOREIGN_SOURCE = "foreign_source"
    SELF_SUPERSEDING = "self_superseding"
    IN_FUTURE = "in_future"
    TOO_OLD = "too_old"
    UNKNOWN_UNIT = "unknown_unit"
    WRONG_KIND = "wrong_kind"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    COOKED_AT_AFTER_TIME = "cooked_at_after_time"
    COOKED_AT_TOO_EARLY = "cooked_at_too_early"
    ONSET_AFTER_TIME = "onset_after_time"
    ATE_AT_AFTER_ONSET = "ate_at_after_onset"
    MADE_AT_AFTER_TIME = "made_at_after_time"
    SINCE_AFTER_TIME = "since_after_time"
    WRONG_PARTITION = "wrong_partition"
    CONFLICT = "conflict"
    WRONG_CORRECTION = "wrong_correction"
    MORE_REFUSED = "more_refused"


MEANING: Final[dict[Code, str]] = {
    Code.NOT_JSON: "The line is not JSON (RFC 8259, UTF-8).",
    Code.NOT_AN_EVENT: "JSON but no object, or a record neither of events nor signed by Pantau.",
    Code.TOO_LARGE: "The event is larger than 64 KiB.",
    Code.NIK: "A string, key or number is or holds what has the shape of a NIK; kept with # for its digits.",
    Code.UNKNOWN_TYPE: "`type` is none of the types of the contract.",
    Code.MISSING_FIELD: "A required attribute or field of `data` is missing.",
    Code.UNKNOWN_FIELD: "`data` has a field, or the event a `subject`, that the type does not have.",
    Code.OUT_OF_RANGE: "A value is not of the JSON type, set or range asked for.",
    Code.NO_OFFSET: "A time has no UTC offset.",
    Code.NOT_RFC3339: "A time is not written as RFC 3339 says.",
    Code.BAD_SOURCE: "`source` is not /<region>/<kind>/<unit id>.",
    Code.FOREIGN_SOURCE: "The event is of another unit or recipient than the device's token.",
    Code.SELF_SUPERSEDING: "The event supersedes itself.",
    Code.IN_FUTURE: "`time` is more than 5 minutes ahead of `receivedtime`.",
    Code.TOO_OLD: "`time` is more than 30 days behind `receivedtime`.",
    Code.UNKNOWN_UNIT: "No row of the unit, or of the kitchen named, is in force in that region on the event's local day.",
    Code.WRONG_KIND: "The type, or the kind in `source`, does not fit the kind of the unit; or `kitchen` names none.",
    Code.UNKNOWN_RECIPIENT: "No row of the recipient, as source or subject, is in force there on the event's local day.",
    Code.COOKED_AT_AFTER_TIME: "`cooked_at` is after `time`.",
    Code.COOKED_AT_TOO_EARLY: "`cooked_at` is more than 30 days before `time`.",
    Code.ONSET_AFTER_TIME: "`onset` is after `time`.",
    Code.ATE_AT_AFTER_ONSET: "`ate_at` is after `onset`.",
    Code.MADE_AT_AFTER_TIME: "`made_at` is after `time`.",
    Code.SINCE_AFTER_TIME: "`since` is after `time`.",
    Code.WRONG_PARTITION: "The line lies in another topic or partition than its unit's.",
    Code.CONFLICT: "An event of the same source and id came before, and says something else.",
    Code.WRONG_CORRECTION: "The event corrects one of another type: it counts for nothing.",
    Code.MORE_REFUSED: "Further refused items of one request or record, counted by code in the detail.",
}
"""One line a code."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A line that is not accepted.

    `line` holds its bytes as they may be stored: without a NIK. It is empty where the caller has the
    line (`check`). `id` and `source` are what could be read
    of them, for the answer and for the dead letter.
    """

    code: Code
    detail: str
    line: bytes = b""
    id: str | None = None
    source: str | None = None
