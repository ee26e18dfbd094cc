"""What analysts see, asked of a real engine: rows as streams and the sink write them, read back through the views."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from contracts.events.decode import decode_line
from contracts.events.event_types import MealEaten
from contracts.results.tables import TABLES
from contracts.time.clock import DemoClock, Segment
from sinks.batch import TableBatch
from sinks.landing import EventLines
from sinks.writer import Writer
from storage.schema import SINK_TABLES, STORE
from storage.views import PUBLIC, VIEWS
from tests.examples import CHILD, KITCHEN, RECEIVED, REGION, SCHOOL, line
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.storage.landed_sink import APPEND_MS, Rec, Sink, performance


def meal(id_: str, **more: Any) -> bytes:
    return line("sppg.meal.eaten", id=id_, receivedtime=RECEIVED, **more)


def test_every_view_and_column_is_commented_and_typed_as_defined(sink: Sink) -> None:
    told = sink.ask(
        f"SELECT table, name, type, comment FROM system.columns WHERE database = '{PUBLIC}' ORDER BY table, position"
    )
    for view in VIEWS:
        columns = [row[1:] for row in told if row[0] == view.name]
        assert [(name, doc) for name, _, doc in columns] == [(c.name, c.doc) for c in view.columns]
        assert all(doc for _, _, doc in columns)
        given = sink.ask(f"DESCRIBE ({view.select}) SETTINGS print_pretty_type_names = 0")
        # A view's declared type wins silently: what the SELECT gives must be the same.
        assert [row[1] for row in given] == [kind for _, kind, _ in columns], view.name
        assert [row[0] for row in given] == [c.name for c in view.columns]
    comments = sink.ask(f"SELECT name, comment FROM system.tables WHERE database = '{PUBLIC}'")
    assert dict(comments) == {view.name: view.doc for view in VIEWS}


def test_storage_columns_are_those_of_the_contract(sink: Sink) -> None:
    told = sink.ask(
        f"SELECT table, name, type, comment FROM system.columns WHERE database = '{STORE}' ORDER BY table, position"
    )
    for table in TABLES.values():
        columns = [row[1:] for row in told if row[0] == table.name]
        assert columns == [(c.name, c.type, c.doc) for c in table.columns]
    assert {row[0] for row in told} >= SINK_TABLES.keys()


def test_accepted_lines_show_once_below_the_verdicts_position(sink: Sink) -> None:
    value = b"\n".join([meal("a"), b"no json", meal("a"), meal("b")])
    records = [Rec("sppg.events", 0, 0, value), Rec("sppg.events", 0, 1, meal("c"))]
    sink.events(*records)
    assert sink.ask("SELECT id FROM pantau.events") == []
    place = {"topic": "sppg.events", "partition": 0, "offset": 0}
    sink.rows(
        "exceptions",
        {**place, "line": 1, "verdict": "refused", "code": "not_json"},
        {**place, "line": 2, "verdict": "duplicate", "code": ""},
    )
    sink.position(1)
    assert sink.ask("SELECT id FROM pantau.events ORDER BY id") == [("a",), ("b",)]
    sink.position(2)
    sink.events(*records)  # a replayed batch changes nothing
    sink.position(1, partition=3)  # of another partition
    assert sink.ask("SELECT id FROM pantau.events ORDER BY id") == [("a",), ("b",), ("c",)]
    assert sink.ask(f"SELECT count() FROM {STORE}.raw_lines FINAL") == [(5,)]


def test_an_event_is_told_as_it_was_sent(sink: Sink) -> None:
    sink.events(
        Rec("sppg.events", 0, 0, line("sppg.delivery.received", id="d", receivedtime=RECEIVED)),
        Rec("clinic.events", 1, 7, line("clinic.case.reported", id="k")),
    )
    sink.position(1)
    sink.position(8, "clinic.events", partition=1)
    names = (
        "region, unit_kind, unit_id, id, subject, toString(time), toString(received_at), "
        "toString(recorded_at), supersedes, superseded_by, retracted, counts"
    )
    assert sink.ask(f"SELECT {names} FROM pantau.events WHERE unit_kind = 'sppg'") == [
        (REGION, "sppg", KITCHEN, "d", SCHOOL, "2026-11-24 03:15:30.120", "2026-11-24 03:15:32",
         "2026-11-24 03:15:30", "", "", 0, 1)
    ]  # fmt: skip
    assert sink.ask(
        "SELECT data.portions, data.temp_c, toString(data.cooked_at), data.core_temp_c, data.eaten.sd,"
        " dateDiff('minute', data.cooked_at, time) FROM pantau.events WHERE id = 'd'"
    ) == [(312, 64.5, "2026-11-24 00:05:30.120", None, None, 190)]
    # Not stamped: the append time counts.
    assert sink.ask(
        "SELECT toString(received_at), data.age_years, data.symptoms, toString(data.onset) FROM pantau.events WHERE id = 'k'"
    ) == [("2026-11-24 03:15:33", 9, ["muntah", "diare"], "2026-11-24 02:00:30.120")]
    assert sink.ask(f"SELECT person FROM {STORE}.raw_lines WHERE id = 'k'") == [(CHILD,)]
    whole = sink.ask("SELECT toJSONString(data) FROM pantau.events WHERE id = 'k'")[0][0]
    assert CHILD not in whole
    assert '"patient"' not in whole


def test_of_two_fields_of_one_name_the_store_holds_what_the_folds_count(sink: Sink) -> None:
    """Each parser has its own rule for them. What is stored is what `contracts.events.decode` has read, so theirs does not matter."""
    twice = meal("last").replace(b'"id":', b'"id":"first","id":')
    twice = twice.replace(b'"eaten":{', b'"eaten":{"sd":1},"eaten":{"sd":2,')
    twice = twice.replace(b'"data":', b'"data":{"eaten":{"smp":9},"leftover_g":7},"data":')
    event = decode_line(twice)
    assert isinstance(event, MealEaten)
    assert event.id == "last"
    sink.events(Rec("sppg.events", 0, 0, twice))
    sink.position(1)
    said = event.data.eaten
    assert sink.ask(
        "SELECT id, data.eaten.sd, data.eaten.smp, data.leftover_g FROM pantau.events"
    ) == [("last", said.get("sd"), said.get("smp"), event.data.leftover_g)]


def test_corrections_show_in_status(sink: Sink) -> None:
    retraction = line("event.retracted", id="r", supersedes="b", receivedtime=RECEIVED)
    heartbeat = line("unit.heartbeat", id="h", receivedtime=RECEIVED)
    sink.events(
        Rec("sppg.events", 0, 0, b"\n".join([meal("a"), meal("a2", supersedes="a"), meal("b")])),
        Rec("sppg.events", 0, 1, b"\n".join([retraction, heartbeat])),
    )
    status = {"source": f"/{REGION}/sppg/{KITCHEN}", "retracted": 0, "counts": 0}
    sink.rows("event_status", {**status, "id": "a", "superseded_by": "wrong", "revision": 1})
    sink.rows("event_status", {**status, "id": "a", "superseded_by": "a2", "revision": 2})
    sink.rows(
        "event_status", {**status, "id": "b", "superseded_by": "", "retracted": 1, "revision": 2}
    )
    sink.position(2)
    assert sink.ask(
        "SELECT id, superseded_by, retracted, counts FROM pantau.events ORDER BY id"
    ) == [
        ("a", "a2", 0, 0),
        ("a2", "", 0, 1),
        ("b", "", 1, 0),
        ("h", "", 0, 1),
        ("r", "", 0, 0),
    ]


def test_a_correction_shows_with_its_reason_however_it_is_written(sink: Sink) -> None:
    reasons: list[dict[str, Any]] = [
        {"correctionreason": "salah ketik"},
        {},
        {"correctionreason": {"no": "text"}},
        {"correctionreason": "é" * 300},
    ]
    corrections = [meal(f"c{n}", supersedes="a", **said) for n, said in enumerate(reasons)]
    taken_back = line(
        "event.retracted",
        id="r",
        supersedes="a",
        receivedtime=RECEIVED,
        data={"reason": "dua kali"},
    )
    sink.events(Rec("sppg.events", 0, 0, b"\n".join([meal("a"), *corrections, taken_back])))
    sink.position(1)
    assert sink.ask("SELECT id, supersedes, reason FROM pantau.corrections ORDER BY id") == [
        ("c0", "a", "salah ketik"),
        ("c1", "a", ""),
        ("c2", "a", ""),
        ("c3", "a", "é" * 200),
        ("r", "a", "dua kali"),
    ]


def test_a_stamp_is_honoured_within_two_minutes_of_the_demo_clock(store: Client) -> None:
    clock = DemoClock([Segment(1_000_000, APPEND_MS, 72)])
    batch = TableBatch()
    landing = EventLines(b"k" * 32, clock)
    # 1 s of real time later: 72 s on the demo clock.
    for offset, real_ms in enumerate((1_001_000, 1_003_000)):
        landing.land(Rec("sppg.events", 0, offset, meal(f"e{offset}"), real_ms), batch)
    Writer(lambda: store, clock).write(batch)
    rows = store.query(
        f"SELECT id, toString(append_at), toString(received_at) FROM {STORE}.raw_lines ORDER BY offset"
    ).result_rows
    assert [tuple(row) for row in rows] == [
        ("e0", "2026-11-24 03:16:45.000", "2026-11-24 03:15:32.000"),
        ("e1", "2026-11-24 03:19:09.000", "2026-11-24 03:19:09.000"),
    ]


def test_no_nik_reaches_a_table(sink: Sink) -> None:
    nik = "3211" + "0123" * 3
    sink.events(Rec("sppg.events", 0, 0, meal("a", subject=nik) + b"\nnik " + nik.encode()))
    assert sink.ask(f"SELECT countIf(value LIKE '%{nik}%'), countIf(value LIKE '%####%') FROM {STORE}.raw_lines") == [(0, 2)]  # fmt: skip


def test_the_latest_revision_shows_and_finality_follows_the_streams_watermark(sink: Sink) -> None:
    area = {"level": "kabupaten", "area_id": REGION}
    sink.rows(
        "performance", performance(portions_eaten=1), performance(portions_eaten=9, revision=3)
    )
    sink.rows("performance", performance(portions_eaten=5, revision=2), performance(**area))
    ask = "SELECT level, portions_eaten, is_final, revision FROM pantau.performance ORDER BY level"
    assert sink.ask(ask) == [("kabupaten", 0, 0, 1), ("unit", 9, 0, 3)]
    done = {"watermark": "2026-12-24T17:00:00Z", "time": "2026-12-24T17:02:00Z"}
    sink.position(5, stream="unit.windows", **done)
    sink.position(5, stream="unit.windows", partition=1, **done | {"watermark": "2026-12-24T16:59:59.999Z"})  # fmt: skip
    assert sink.ask(ask) == [("kabupaten", 0, 0, 1), ("unit", 9, 0, 3)]
    sink.position(6, stream="unit.windows", partition=1, **done)
    assert sink.ask(ask) == [("kabupaten", 0, 0, 1), ("unit", 9, 1, 3)]
    sink.position(6, stream="area.windows", **done)
    assert sink.ask(ask) == [("kabupaten", 0, 1, 1), ("unit", 9, 1, 3)]


def test_alerts_show_their_latest_state_and_their_history(sink: Sink) -> None:
    change = {
        "id": "x",
        "region": REGION,
        "kind": "over_4h",
        "severity": 2,
        "unit_id": KITCHEN,
        "subject": SCHOOL,
        "state": "raised",
        "resolution": "",
        "acknowledged_by": "",
        "raised_at": "2026-11-24T03:00:00Z",
        "updated_at": "2026-11-24T03:00:00.5Z",
        "resolved_at": None,
        "acknowledged_at": None,
        "evidence": '{"minutes":250}',
        "revision": 1,
    }
    later = {"state": "acknowledged", "acknowledged_by": "Ani", "acknowledged_at": "2026-11-24T04:00:00Z"}  # fmt: skip
    sink.rows("alert_changes", change | later | {"revision": 7}, change, change | {"id": "y", "evidence": ""})  # fmt: skip
    assert sink.ask(
        "SELECT id, state, toString(acknowledged_at), resolved_at, evidence.minutes FROM pantau.alerts ORDER BY id"
    ) == [
        ("x", "acknowledged", "2026-11-24 04:00:00", None, 250),
        ("y", "raised", None, None, None),
    ]
    assert sink.ask("SELECT id FROM pantau.alerts WHERE state = 'raised'") == [("y",)]
    assert sink.ask("SELECT id, state FROM pantau.alert_history ORDER BY id, revision") == [
        ("x", "raised"), ("x", "acknowledged"), ("y", "raised"),
    ]  # fmt: skip


def test_what_cannot_be_inserted_is_set_aside_line_by_line(sink: Sink) -> None:
    good = {"topic": "sppg.events", "partition": 0, "line": 0, "verdict": "refused", "code": "nik"}
    rows = [{**good, "offset": offset} for offset in range(100)]
    rows[37]["partition"] = "x 3211012301230123"
    rows[60]["misspelled"] = 1
    rows[80]["code"] = None
    sink.rows("exceptions", *rows)
    sink.rows("no_such_table", good)
    assert sink.ask(f"SELECT count() FROM {STORE}.exceptions") == [(97,)]
    rejects = sink.ask(
        f"SELECT line, table, value LIKE '%0123012%', reason = '' FROM {STORE}.sink_rejects FINAL ORDER BY table, line"
    )
    assert rejects == [
        (37, "exceptions", 0, 0), (60, "exceptions", 0, 0), (80, "exceptions", 0, 0),
        (0, "no_such_table", 0, 0),
    ]  # fmt: skip
    assert "NIK" not in str(rejects)


def test_the_analyst_reads_views_and_no_storage(engine: EmbeddedClickHouse, sink: Sink) -> None:
    sink.events(Rec("sppg.events", 0, 0, meal("a")))
    sink.position(1)
    analyst = engine.client("analyst")
    for view in VIEWS:
        analyst.query(f"SELECT * FROM pantau.{view.name}")
    assert analyst.query("SELECT data.eaten.sd FROM pantau.events").result_rows == [(290,)]
    with pytest.raises(DatabaseError):
        analyst.query(f"SELECT value FROM {STORE}.raw_lines")
