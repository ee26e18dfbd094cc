"""The views of database `pantau`: what analysts see, with a comment a column, and the SQL behind.

A view's users need no FINAL: each view shows one row per current truth. Views read the storage
tables as their definer, so an account that may read `pantau` needs no right on the storage.

A line shows in `events` once it has landed and the verdicts are beyond it. The two come by
different threads: where verdicts are ahead of lines, fewer events show for a moment, no wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import msgspec

from contracts.results.columns import (
    Column,
    Count,
    Day,
    Flag,
    Label,
    Moment,
    RegionCode,
    Second,
    Stored,
    String,
    columns_of,
    names,
)
from contracts.results.databases import ANALYST_DATABASE
from contracts.results.event_data import DATA_TYPE
from contracts.results.public_rows import (
    CLINIC_COVERAGE,
    COVERAGE,
    IS_FINAL,
    PERFORMANCE,
    RECEPTION,
    VERSION,
)
from contracts.results.tables import TABLES, Table
from contracts.results.topics import (
    AREA_WINDOWS,
    EVENT_TOPICS,
    UNIT_WINDOWS,
    VERDICTS,
)
from storage.plausibility import plausibility_view
from storage.schema import CALENDAR, RECIPIENTS, REGIONS, STORE, UNITS, column_sql, text

PUBLIC: Final = ANALYST_DATABASE

_FINALITY_DAYS: Final = 30
# All versions of a row share a partition (by its day, or append time): none merges with another.
_FINAL_SETTINGS: Final = "SETTINGS do_not_merge_across_partitions_select_final = 1"


@dataclass(frozen=True, slots=True)
class View:
    """One view: `select` gives exactly `columns`, in order."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    select: str


def _listed(columns: tuple[Column, ...], indent: str = "    ") -> str:
    return (",\n" + indent).join(f"`{column.name}`" for column in columns)


class EventRow(msgspec.Struct):
    """One row of `events`."""

    region: RegionCode
    unit_kind: Annotated[Label, "sppg (kitchen), clinic or recipient"]
    unit_id: Annotated[String, "Unit or recipient that sent it"]
    id: Annotated[String, "Id of the event; unique with region, unit_kind and unit_id"]
    type: Annotated[Label, "Type of the event, e.g. sppg.meal.eaten"]
    subject: Annotated[String, "Recipient that it is about, or empty"]
    time: Annotated[Moment, "When it happened"]
    received_at: Annotated[Second, "Region's clock when it was accepted; rules on lateness use it"]
    recorded_at: Annotated[Second, "When the statement was made; `time` if not said"]
    supersedes: Annotated[String, "Id of the event that it corrects, or empty"]
    data: Annotated[
        Any,
        Stored(DATA_TYPE),
        "What it says, a typed path for every field (null where it has none); no pseudonyms",
    ]
    superseded_by: Annotated[String, "Id of what counts instead at last, or empty"]
    retracted: Annotated[Flag, "1 if a retraction ends its chain of corrections"]
    counts: Annotated[
        Flag, "1 if the event itself counts; 0 if corrected, retracted, outdone, or a retraction"
    ]


def _verdict_positions(topic: str) -> str:
    """Scalar subquery: the verdicts' positions in `topic`, an array indexed by partition + 1.

    Beyond its end `[]` gives 0: no verdict, no event.
    """
    array = "(SELECT groupArrayInsertAt(0)(`position`, toUInt32(`partition`))"
    where = f"WHERE `stream` = {text(VERDICTS)} AND `topic` = {text(topic)}"
    return f"{array}\n            FROM {STORE}.positions FINAL\n            {where})"


_POSITIONS_BY_TOPIC: Final = ",\n        ".join(
    f"`topic` = {text(topic)},\n        {_verdict_positions(topic)}" for topic in EVENT_TOPICS
)


def _accepted(column: str, expression: str, where: str = "") -> str:
    """Every accepted event, or those for which `where` holds too, with `expression` of its line as `column`."""
    # Positions come first in WHERE: read before the exceptions, they vouch for no line whose exception is not seen.
    return f"""SELECT
    l.region AS region,
    l.unit_kind AS unit_kind,
    l.unit_id AS unit_id,
    l.id AS id,
    l.type AS type,
    l.subject AS subject,
    l.time AS time,
    toDateTime(l.received_at, 'UTC') AS received_at,
    toDateTime(l.recorded_at, 'UTC') AS recorded_at,
    l.supersedes AS supersedes,
    l.{column} AS {column},
    ifNull(s.superseded_by, '') AS superseded_by,
    ifNull(s.retracted, 0) AS retracted,
    if(ifNull(s.known, 0) = 1, ifNull(s.counts, 0), l.type != 'event.retracted') AS counts
FROM
(
    SELECT `region`, `unit_kind`, `unit_id`, `source`, `id`, `type`, `subject`, `time`,
        `received_at`, `recorded_at`, `supersedes`, {expression} AS {column}
    FROM {STORE}.raw_lines FINAL
    WHERE `offset` < multiIf(
        {_POSITIONS_BY_TOPIC},
        [])[`partition` + 1]
        AND (`topic`, `partition`, `offset`, `line`) NOT IN
            (SELECT `topic`, `partition`, `offset`, `line` FROM {STORE}.exceptions)
        AND `parsed` = 1{where}
) AS l
LEFT JOIN
(
    SELECT `source`, `id`, `superseded_by`, `retracted`, `counts`, toUInt8(1) AS known
    FROM {STORE}.event_status FINAL
) AS s ON l.source = s.source AND l.id = s.id
{_FINAL_SETTINGS}"""


_EVENT: Final = columns_of(EventRow)
# An attribute that Pantau does not interpret may hold anything: what is no text is shown as none, what is long is cut.
_WHY: Final = "Why, in the sender's words: up to 200 characters, empty if not said"
_REASON: Final = Column("reason", "String", _WHY)
_REASON_OF_LINE: Final = (
    "substringUTF8(multiIf(`type` = 'event.retracted', JSONExtractString(`value`, 'data', 'reason'), "
    "JSONType(`value`, 'correctionreason') = 'String', JSONExtractString(`value`, 'correctionreason'), ''), 1, 200)"
)


def _watermark(stream: str) -> str:
    """Scalar subquery: the least watermark of the rows on `stream`; 1970 before there is one."""
    least = "SELECT min(`watermark`) FROM"
    return f"({least} {STORE}.positions FINAL WHERE `stream` = {text(stream)})"


def _rows(name: str, doc: str, columns: tuple[Column, ...], stage_one: str = "") -> View:
    """`stage_one`: the level whose rows come from the unit agents; all others come from the region's."""
    least = _watermark(AREA_WINDOWS)
    if stage_one:
        least = f"if(`level` = {text(stage_one)}, {_watermark(UNIT_WINDOWS)}, {least})"
    given = columns[: -len(VERSION)]
    select = (
        f"SELECT\n    {_listed(given)},\n"
        f"    ifNull(`window_end` + INTERVAL {_FINALITY_DAYS} DAY <= {least}, 0) AS is_final,\n"
        f"    {_listed(VERSION)}\nFROM {STORE}.{name} FINAL\n{_FINAL_SETTINGS}"
    )
    return View(name, doc, (*given, IS_FINAL, *VERSION), select)


_MOMENT: Final = "DateTime64(3, 'UTC')"
_SECOND: Final = "DateTime('UTC')"


def _shown(table: Table, names: tuple[str, ...]) -> tuple[tuple[Column, ...], str]:
    """Columns of `table` as analysts see them, and what selects them from it as `t`: times in seconds, evidence as JSON."""
    there = {column.name: column for column in table.columns}
    columns, selected = [], []
    for name in names:
        kind, given = there[name].type.replace(_MOMENT, _SECOND), f"t.`{name}`"
        if kind != there[name].type:
            given = f"toDateTime(t.`{name}`, 'UTC')"
        elif name == "evidence":
            kind, given = "JSON", "if(JSONType(t.`evidence`) = 'Object', t.`evidence`, '{}')::JSON"
        columns.append(replace(there[name], type=kind))
        selected.append(f"{given} AS {name}")
    return tuple(columns), "SELECT\n    " + ",\n    ".join(selected)


_ALERT_NAMES: Final = (
    *("id", "short_id", "region", "kind", "severity", "unit_id", "subject", "state"),
    *("resolution", "raised_at", "updated_at", "resolved_at", "acknowledged_by"),
    *("acknowledged_at", "ack_until", "assessment", "assessed_by", "assessed_at"),
    *("note", "evidence"),
)
_CHANGES: Final = TABLES["alert_changes"]
_ALERT, _ALERT_SELECT = _shown(_CHANGES, _ALERT_NAMES)
_ALERT_CHANGE, _ALERT_CHANGE_SELECT = _shown(_CHANGES, (*_ALERT_NAMES, "revision"))
_FROM_CHANGES: Final = f"\nFROM {STORE}.{_CHANGES.name} AS t FINAL"

_ACTIONS: Final = TABLES["letter_actions"]
_ACTION, _ACTION_SELECT = _shown(_ACTIONS, names(_ACTIONS.columns))
_LETTERS: Final = replace(
    TABLES["dead_letters"],
    columns=(
        *TABLES["dead_letters"].columns,
        Column(
            "state",
            "String",
            "open: refused, to be mended; sent: sent again and not refused since; discarded",
        ),
    ),
)
_LETTER, _LETTER_SELECT = _shown(
    _LETTERS,
    (
        *("letter_id", "received_at", "region", "unit_id", "code", "detail", "attempts"),
        *("topic", "partition", "offset", "line", "state"),
    ),
)
# A line that was sent again and refused again is the same letter's next attempt: its place says so.
# Streams may not know whose line it is; ingest knew by the token.
_FROM_LETTERS: Final = f"""
FROM
(
    SELECT
        l.* EXCEPT (letter_id, attempts),
        l.root AS letter_id,
        greatest(l.attempt, a.attempts) AS attempts,
        multiIf(a.discarded = 1, 'discarded', a.attempts > l.attempt, 'sent', 'open') AS state
    FROM
    (
        SELECT
            d.* EXCEPT (region, unit_id),
            toLowCardinality(if(d.region = '', r.region, d.region)) AS region,
            if(d.unit_id = '', r.unit_id, d.unit_id) AS unit_id,
            if(r.letter_id = '', d.letter_id, r.letter_id) AS root,
            greatest(d.attempts, r.attempt) AS attempt
        FROM {STORE}.dead_letters AS d FINAL
        LEFT JOIN
        (
            SELECT `letter_id`, `region`, `unit_id`, `attempt`, `topic`, `partition`, `offset`
            FROM {STORE}.{_ACTIONS.name} FINAL
            WHERE `action` = 'retry'
        ) AS r ON d.topic = r.topic AND d.partition = r.partition AND d.offset = r.offset
        ORDER BY attempt DESC
        LIMIT 1 BY root
    ) AS l
    LEFT JOIN
    (
        SELECT `letter_id`, max(`attempt`) AS attempts, max(`action` = 'discard') AS discarded
        FROM {STORE}.{_ACTIONS.name} FINAL
        GROUP BY `letter_id`
    ) AS a ON l.root = a.letter_id
) AS t"""


class LateRow(msgspec.Struct):
    """One row of `late`."""

    region: RegionCode
    unit_id: Annotated[String, "Unit that sent them"]
    day: Annotated[Day, "Local day of the events' time; 1970-01-01 where it could not be read"]
    n: Annotated[Count, "Events refused as too_old: over 30 days behind when they were received"]


_LATE_SELECT: Final = f"""SELECT
    `region`,
    `unit_id`,
    ifNull(`event_day`, toDate(0)) AS day,
    count() AS n
FROM {STORE}.dead_letters FINAL
WHERE `code` = 'too_old'
    AND (`topic`, `partition`, `offset`) NOT IN
        (SELECT `topic`, `partition`, `offset` FROM {STORE}.letter_actions WHERE `action` = 'retry')
GROUP BY `region`, `unit_id`, day"""


def _registry(table: Table, in_force: str = "") -> tuple[tuple[Column, ...], str]:
    """Columns of a registry table, less its version, and what selects them.

    `in_force`: of each id in that column the row in force on the local day of the region's clock; empty: all rows.
    """
    columns = tuple(one for one in table.columns if one.name not in ("utc_offset_s", "revision"))
    select = f"SELECT\n    {_listed(columns)}\nFROM {STORE}.{table.name} FINAL"
    if in_force:
        now = f"(SELECT max(`time`) FROM {STORE}.positions)"
        select += (
            f"\nWHERE `valid_from` <= toDate({now} + toIntervalSecond(`utc_offset_s`), 'UTC')\n"
            f"ORDER BY `valid_from` DESC\nLIMIT 1 BY `region`, `{in_force}`"
        )
    return columns, select


VIEWS: Final = (
    View(
        "events",
        "Every accepted event once, and what corrections made of it",
        _EVENT,
        _accepted("data", "`data`"),
    ),
    View(
        "corrections",
        "Every accepted correction and retraction once, with its reason",
        tuple(_REASON if column.name == "data" else column for column in _EVENT),
        _accepted("reason", _REASON_OF_LINE, " AND `supersedes` != ''"),
    ),
    _rows(
        "performance",
        "Kitchens' work by window: level unit, kecamatan (of the kitchen) or kabupaten",
        PERFORMANCE,
        "unit",
    ),
    _rows(
        "coverage",
        "Meals eaten against registered people by window and group: level recipient, "
        "kecamatan (of the recipient) or kabupaten",
        COVERAGE,
    ),
    _rows(
        "reception",
        "What recipients report of what they got, by window: level recipient, unit (the kitchen "
        "that they name), kecamatan (of the recipient) or kabupaten",
        RECEPTION,
        "recipient",
    ),
    _rows(
        "clinic_coverage",
        "Clinics' work by window: level unit, kecamatan or kabupaten",
        CLINIC_COVERAGE,
        "unit",
    ),
    View(
        "alerts",
        "Every alert in its latest state",
        _ALERT,
        f"{_ALERT_SELECT}{_FROM_CHANGES}\nORDER BY t.`revision` DESC\nLIMIT 1 BY t.`id`",
    ),
    View(
        "alert_history",
        "Every change of every alert",
        _ALERT_CHANGE,
        _ALERT_CHANGE_SELECT + _FROM_CHANGES,
    ),
    View(
        "dead_letters",
        "What was refused and why, one row a letter; its bytes are kept for operators",
        _LETTER,
        _LETTER_SELECT + _FROM_LETTERS,
    ),
    View(
        "dead_letter_actions",
        "Who sent a dead letter again or discarded it, when and why: nothing is deleted",
        _ACTION,
        f"{_ACTION_SELECT}\nFROM {STORE}.{_ACTIONS.name} AS t FINAL",
    ),
    View("late", "Events refused as too old, by unit and day", columns_of(LateRow), _LATE_SELECT),
    View("regions", "Regions served here", *_registry(REGIONS)),
    View(
        "units",
        "Kitchens and clinics: the rows in force today, by the region's clock",
        *_registry(UNITS, "unit_id"),
    ),
    View(
        "recipients",
        "Where meals go: the rows in force today, by the region's clock",
        *_registry(RECIPIENTS, "recipient_id"),
    ),
    View(
        "calendar",
        "Days on which meals are served or not, other than the weekday and the holidays say",
        *_registry(CALENDAR),
    ),
    View(
        "plausibility",
        "Days of a kitchen whose figures deserve a question; nothing is corrected by it",
        columns_of(plausibility_view.PlausibilityRow),
        plausibility_view.SELECT,
    ),
)


def view_sql(view: View) -> str:
    """CREATE VIEW with a comment on the view and on each column, without the semicolon."""
    columns = ",\n".join(column_sql(column) for column in view.columns)
    return (
        f"CREATE OR REPLACE VIEW {PUBLIC}.{view.name}\n(\n{columns}\n)\n"
        f"SQL SECURITY DEFINER\nAS {view.select}\nCOMMENT {text(view.doc)}"
    )
