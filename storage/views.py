"""The views of database `pantau`: what analysts see, with a comment a column, and the SQL behind.

A view's users need no FINAL: each view shows one row per current truth. Views read the storage
tables as their definer, so an account that may read `pantau` needs no right on the storage.

A line shows in `events` once it has landed and the verdicts are beyond it. The two come by
different threads: where verdicts are ahead of lines, fewer events show for a moment, no wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.results.public_rows import (
    CLINIC_COVERAGE,
    COVERAGE,
    IS_FINAL,
    PERFORMANCE,
    REGION,
    VERSION,
    Column,
)
from contracts.results.tables import TABLES
from contracts.results.topics import (
    AREA_WINDOWS,
    CLINIC_EVENTS,
    SPPG_EVENTS,
    UNIT_WINDOWS,
    VERDICTS,
)
from storage.schema import (
    DATA_TYPE,
    RECIPIENT_COLUMNS,
    REGION_COLUMNS,
    STORE,
    UNIT_COLUMNS,
    column_sql,
    text,
)

PUBLIC: Final = "pantau"
"""Database of the views."""

_SECOND: Final = "DateTime('UTC')"
_FINALITY_DAYS: Final = 30
# All versions of a row share a partition (by its day, or append time): none merges with another.
_FINAL_SETTINGS: Final = "SETTINGS do_not_merge_across_partitions_select_final = 1"


@dataclass(frozen=True, slots=True)
class View:
    """One view: `select` gives exactly `columns`, in order; `examples` are for the catalogue."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    select: str


def _listed(columns: tuple[Column, ...], indent: str = "    ") -> str:
    return (",\n" + indent).join(f"`{column.name}`" for column in columns)


EVENT_COLUMNS: Final = (
    REGION,
    Column("unit_kind", "LowCardinality(String)", "sppg (kitchen) or clinic"),
    Column("unit_id", "String", "Unit that sent it"),
    Column("id", "String", "Id of the event; unique with region, unit_kind and unit_id"),
    Column("type", "LowCardinality(String)", "Type of the event, e.g. sppg.meal.eaten"),
    Column("subject", "String", "Recipient that it is about, or empty"),
    Column("time", "DateTime64(3, 'UTC')", "When it happened"),
    Column("received_at", _SECOND, "Region's clock when it was accepted; rules on lateness use it"),
    Column("recorded_at", _SECOND, "When the statement was made; `time` if not said"),
    Column("supersedes", "String", "Id of the event that it corrects, or empty"),
    Column(
        "data",
        DATA_TYPE,
        "What it says, a typed path for every field (null where it has none); no pseudonyms",
    ),
    Column("superseded_by", "String", "Id of what counts instead at last, or empty"),
    Column("retracted", "UInt8", "1 if a retraction ends its chain of corrections"),
    Column(
        "counts",
        "UInt8",
        "1 if the event itself counts; 0 if corrected, retracted, outdone, or a retraction",
    ),
)


def _verdict_positions(topic: str) -> str:
    """Scalar subquery: the verdicts' positions in `topic`, an array indexed by partition + 1.

    Beyond its end `[]` gives 0: no verdict, no event.
    """
    array = "(SELECT groupArrayInsertAt(0)(`position`, toUInt32(`partition`))"
    where = f"WHERE `stream` = {text(VERDICTS)} AND `topic` = {text(topic)}"
    return f"{array}\n            FROM {STORE}.positions FINAL\n            {where})"


# Positions come first in WHERE: read before the exceptions, they vouch for no line whose exception
# is not seen.
_EVENTS: Final = f"""SELECT
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
    l.data AS data,
    ifNull(s.superseded_by, '') AS superseded_by,
    ifNull(s.retracted, 0) AS retracted,
    if(ifNull(s.known, 0) = 1, ifNull(s.counts, 0), l.type != 'event.retracted') AS counts
FROM
(
    SELECT `region`, `unit_kind`, `unit_id`, `source`, `id`, `type`, `subject`, `time`,
        `received_at`, `recorded_at`, `supersedes`, `data`
    FROM {STORE}.raw_lines FINAL
    WHERE `offset` < if(`topic` = {text(SPPG_EVENTS)},
        {_verdict_positions(SPPG_EVENTS)},
        {_verdict_positions(CLINIC_EVENTS)})[`partition` + 1]
        AND (`topic`, `partition`, `offset`, `line`) NOT IN
            (SELECT `topic`, `partition`, `offset`, `line` FROM {STORE}.exceptions)
        AND `parsed` = 1
) AS l
LEFT JOIN
(
    SELECT `source`, `id`, `superseded_by`, `retracted`, `counts`, toUInt8(1) AS known
    FROM {STORE}.event_status FINAL
) AS s ON l.source = s.source AND l.id = s.id
{_FINAL_SETTINGS}"""


def _watermark(stream: str) -> str:
    """Scalar subquery: the least watermark of the rows on `stream`; 1970 before there is one."""
    least = "SELECT min(`watermark`) FROM"
    return f"({least} {STORE}.positions FINAL WHERE `stream` = {text(stream)})"


def _rows(name: str, doc: str, columns: tuple[Column, ...], has_units: bool) -> View:
    least = _watermark(AREA_WINDOWS)
    if has_units:
        least = f"if(`level` = 'unit', {_watermark(UNIT_WINDOWS)}, {least})"
    given = columns[: -len(VERSION)]
    select = (
        f"SELECT\n    {_listed(given)},\n"
        f"    ifNull(`window_end` + INTERVAL {_FINALITY_DAYS} DAY <= {least}, 0) AS is_final,\n"
        f"    {_listed(VERSION)}\nFROM {STORE}.{name} FINAL\n{_FINAL_SETTINGS}"
    )
    return View(name, doc, (*given, IS_FINAL, *VERSION), select)


_EVIDENCE: Final = "if(JSONType(`evidence`) = 'Object', `evidence`, '{}')::JSON AS evidence"


def _alert_columns() -> tuple[Column, ...]:
    """Columns of an alert in the contract's order, without `revision`."""
    held = {column.name: column for column in TABLES["alert_changes"].columns}
    order = (
        *("id", "region", "kind", "severity", "unit_id", "subject", "state", "resolution"),
        *("raised_at", "updated_at", "resolved_at", "acknowledged_by", "acknowledged_at"),
        "evidence",
    )
    whole = {"raised_at": _SECOND, "updated_at": _SECOND, "evidence": "JSON"}
    whole |= dict.fromkeys(("resolved_at", "acknowledged_at"), f"Nullable({_SECOND})")
    return tuple(Column(name, whole.get(name, held[name].type), held[name].doc) for name in order)


_ALERTS: Final = _alert_columns()


def _alerts_select(latest: bool) -> str:
    columns = []
    for column in _ALERTS:
        moment = column.type.endswith(f"{_SECOND})") or column.type == _SECOND
        columns.append(
            _EVIDENCE
            if column.name == "evidence"
            else f"toDateTime(c.`{column.name}`, 'UTC') AS {column.name}"
            if moment
            else f"c.`{column.name}` AS {column.name}"
        )
    ending = "" if latest else ",\n    c.`revision` AS revision"
    newest = "\nORDER BY c.`revision` DESC\nLIMIT 1 BY c.`id`" if latest else ""
    body = ",\n    ".join(columns)
    return f"SELECT\n    {body}{ending}\nFROM {STORE}.alert_changes AS c FINAL{newest}"


_LETTER_NAMES: Final = (
    *("letter_id", "received_at", "region", "unit_id", "code", "detail", "attempts"),
    *("topic", "partition", "offset", "line"),
)
_LETTERS: Final = tuple(
    Column(column.name, _SECOND if column.name == "received_at" else column.type, column.doc)
    for name in _LETTER_NAMES
    for column in TABLES["dead_letters"].columns
    if column.name == name
)
_LETTERS_SELECT: Final = (
    "SELECT\n    "
    + ",\n    ".join(
        f"toDateTime(d.`{name}`, 'UTC') AS {name}"
        if name == "received_at"
        else f"d.`{name}` AS {name}"
        for name in _LETTER_NAMES
    )
    + f"\nFROM {STORE}.dead_letters AS d FINAL"
)

_LATE: Final = (
    REGION,
    Column("unit_id", "String", "Unit that sent them"),
    Column("day", "Date", "Local day of the events' time; 1970-01-01 where it could not be read"),
    Column("n", "UInt64", "Events refused as too_old: over 30 days behind when they were received"),
)
_LATE_SELECT: Final = f"""SELECT
    `region`,
    `unit_id`,
    ifNull(`event_day`, toDate(0)) AS day,
    count() AS n
FROM {STORE}.dead_letters FINAL
WHERE `code` = 'too_old'
GROUP BY `region`, `unit_id`, day"""


def _in_force(columns: tuple[Column, ...], table: str, key: str) -> str:
    """The rows in force on the local day of the region's clock: of each `key` the newest."""
    now = f"(SELECT max(`time`) FROM {STORE}.positions)"
    return (
        f"SELECT\n    {_listed(columns)}\nFROM {STORE}.{table} FINAL\n"
        f"WHERE `valid_from` <= toDate({now} + toIntervalSecond(`utc_offset_s`), 'UTC')\n"
        f"ORDER BY `valid_from` DESC\nLIMIT 1 BY `region`, `{key}`"
    )


VIEWS: Final = (
    View(
        "events",
        "Every accepted event once, and what corrections made of it",
        EVENT_COLUMNS,
        _EVENTS,
    ),
    _rows(
        "performance",
        "Kitchens' work by window: level unit, kecamatan (of the kitchen) or kabupaten",
        PERFORMANCE,
        True,
    ),
    _rows(
        "coverage",
        "Meals eaten against registered people by window and group: level recipient, "
        "kecamatan (of the recipient) or kabupaten",
        COVERAGE,
        False,
    ),
    _rows(
        "clinic_coverage",
        "Clinics' work by window: level unit, kecamatan or kabupaten",
        CLINIC_COVERAGE,
        True,
    ),
    View("alerts", "Every alert in its latest state", _ALERTS, _alerts_select(latest=True)),
    View(
        "alert_history",
        "Every change of every alert",
        (*_ALERTS, Column("revision", "UInt64", "Orders the changes of an alert")),
        _alerts_select(latest=False),
    ),
    View(
        "dead_letters",
        "What was refused and why, one row a letter; its bytes are kept for operators",
        _LETTERS,
        _LETTERS_SELECT,
    ),
    View("late", "Events refused as too old, by unit and day", _LATE, _LATE_SELECT),
    View(
        "regions",
        "Regions served here",
        REGION_COLUMNS,
        f"SELECT\n    {_listed(REGION_COLUMNS)}\nFROM {STORE}.registry_regions FINAL",
    ),
    View(
        "units",
        "Kitchens and clinics: the rows in force today, by the region's clock",
        UNIT_COLUMNS,
        _in_force(UNIT_COLUMNS, "registry_units", "unit_id"),
    ),
    View(
        "recipients",
        "Where meals go: the rows in force today, by the region's clock",
        RECIPIENT_COLUMNS,
        _in_force(RECIPIENT_COLUMNS, "registry_recipients", "recipient_id"),
    ),
)


def view_sql(view: View) -> str:
    """CREATE VIEW with a comment on the view and on each column, without the semicolon."""
    columns = ",\n".join(column_sql(column) for column in view.columns)
    return (
        f"CREATE OR REPLACE VIEW {PUBLIC}.{view.name}\n(\n{columns}\n)\n"
        f"SQL SECURITY DEFINER\nAS {view.select}\nCOMMENT {text(view.doc)}"
    )
