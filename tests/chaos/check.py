"""What must be true of an installation in which everything posted has been applied."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from chassis.kafka.cluster import Cluster
from contracts.results.topics import EVENT_TOPICS
from contracts.time.windows import GRACE_MS, PANE_WINDOWS
from tests.chaos.history import Ledger
from tests.e2e.day import FOLDER
from tests.e2e.installation import REGION, Installation, environment, pantau, until

_SETTLE_S: Final = 300.0
_AUDIT_S: Final = 400
_AUDITS: Final = 3
_LEVELS: Final = "kabupaten,kecamatan,unit,recipient"
_VIEWS: Final = ("performance", "coverage", "reception", "clinic_coverage")
_LIVE_ONLY: Final = ("topic", "key", "as_of", "ttl_s")
_LIVE_S: Final = 90.0
_SHOWN_FROM: Final = 5
_STAGES: Final = {"unit.windows": 2 * len(EVENT_TOPICS), "area.windows": 1}
"""Partitions that each stage of the streams reads."""
_LINES_ONLY: Final = "wrong_correction"
"""What the fold finds once it has both events: how often the posted history holds it is for the audit to say."""

Rows = dict[str, dict[str, Any]]
Place = tuple[str, str, int]


def _stages(installation: Installation, sink: bool) -> list[dict[str, Any]]:
    """The sink's stages or the folds'; empty while something is away or a fold has told nothing yet."""
    status = installation.status()
    stages: list[dict[str, Any]] = status["stages"]
    told = Counter(one["stage"] for one in stages)
    if not status["fine"] or any(told[name] != n for name, n in _STAGES.items()):
        return []
    return [one for one in stages if (one["stage"] == "sink") == sink]


def _place(stage: dict[str, Any]) -> Place:
    return (stage["stage"], stage["topic"], stage["partition"])


def _has_landed(cluster: Cluster, stage: dict[str, Any], end: int) -> bool:
    """The sink has written every record below `end`. Markers of transactions take offsets too: they are nothing to write."""
    if (stage["position"] or 0) >= end:
        return True
    place = TopicPartition(stage["topic"], stage["partition"])
    consumer = KafkaConsumer(
        **cluster.client(), isolation_level="read_committed", enable_auto_commit=False
    )
    try:
        consumer.assign([place])
        consumer.seek(place, stage["position"] or 0)
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                if any(one.offset < end for one in records):
                    return False
        return True
    finally:
        consumer.close()


def settle(installation: Installation) -> None:
    """Wait until all that is in Kafka now has gone all the way: unit folds, region fold, ClickHouse.

    Ticks go on and each brings rows: what has come since is not waited for.
    """
    for _ in range(2):  # the second time for what the unit folds have fed to the region's
        ends = _ends(installation, sink=False)
        until(lambda: _folded(installation, ends), _SETTLE_S, 1)  # noqa: B023
    ends = _ends(installation, sink=True)
    cluster = installation.cluster

    def landed() -> bool:
        stages = _stages(installation, sink=True)
        return bool(stages) and all(_has_landed(cluster, one, ends[_place(one)]) for one in stages)

    until(landed, _SETTLE_S, 1)


def _ends(installation: Installation, sink: bool) -> dict[Place, int]:
    """Where the input of each stage ends now."""
    ends: dict[Place, int] = {}

    def noted() -> bool:
        ends.update({_place(one): one["end"] for one in _stages(installation, sink)})
        return bool(ends)

    until(noted, _SETTLE_S, 1)
    return ends


def _folded(installation: Installation, ends: dict[Place, int]) -> bool:
    stages = _stages(installation, sink=False)
    return bool(stages) and all(one["position"] >= ends[_place(one)] for one in stages)


def audit_is_empty(installation: Installation) -> None:
    """`pantau audit` finds no difference in any row, and had all of them to look at.

    Nothing is posted, but a pane may begin while it looks: then rows move, and it looks again. An alert counts as moving until
    all that was received before it is sure to be in: the last time it waits for that.
    """
    for number in range(_AUDITS):
        if number == _AUDITS - 1:
            time.sleep(GRACE_MS / 1000)
        report = _audit(installation)
        assert not report["differences"] and not report["more"], (report["more"], report["differences"][:5])  # fmt: skip
        if not report["moving"]:
            break
    assert report["moving"] == 0 and report["rows"] > 1000, report


def _audit(installation: Installation) -> Any:
    done = subprocess.run(
        pantau("audit", "--region", REGION, "--json", "--data-dir", str(installation.home)),
        capture_output=True, text=True, env=environment(), check=False, timeout=_AUDIT_S,
    )  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert done.returncode == bool(report["differences"]), done
    return report


def events_are_those_posted(installation: Installation, ledger: Ledger) -> None:
    """Each accepted event is there once, none is lost, none invented; and each refused one is a dead letter."""
    rows = installation.query(f"SELECT unit_id, id FROM pantau.events WHERE region = '{REGION}'")
    stored = Counter((row["unit_id"], row["id"]) for row in rows)
    assert not (lost := ledger.events - stored.keys()), (len(lost), sorted(lost)[:5])
    assert not (invented := stored.keys() - ledger.events), (len(invented), sorted(invented)[:5])
    assert len(rows) == len(ledger.events), [key for key, n in stored.items() if n > 1][:5]
    letters = Counter(
        (row["unit_id"], row["code"])
        for row in installation.query("SELECT unit_id, code FROM pantau.dead_letters")
        if row["code"] != _LINES_ONLY
    )
    # A batch that was sent again, since its answer never came, is refused twice: one letter a line all the same.
    # Not so a conflict: ingest takes both copies, and each is a line of its own.
    extra = letters - ledger.letters
    assert all(key in ledger.letters and key[1] == "conflict" for key in extra), extra
    assert not (missing := ledger.letters - letters), missing


# --- the wall ----------------------------------------------------------------------------------------------------------


def _text(value: Any) -> Any:
    """As the wall gets it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _stored_rows(installation: Installation, now: datetime) -> Rows:
    """What ClickHouse holds of the windows that are the newest begun ones at `now`, by the wall's key."""
    pane = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0) + timedelta(minutes=5)
    day = FOLDER.midnight(FOLDER.local_day(now) + timedelta(days=1)).astimezone(UTC)
    quoted = ", ".join(f"'{window}'" for window in PANE_WINDOWS)
    newest = f"if(window IN ({quoted}), toDateTime('{pane:%F %T}', 'UTC'), toDateTime('{day:%F %T}', 'UTC'))"
    rows: Rows = {}
    for view in _VIEWS:
        found = installation.query(
            f"SELECT * FROM pantau.{view} WHERE region = '{REGION}' AND window_end = {newest}"
        )
        for row in found:
            told = {name: _text(value) for name, value in row.items()}
            group = [told["group"]] if "group" in told else []
            key = "/".join((view, told["level"], told["area_id"], *group, told["window"]))
            assert key not in rows, f"two rows of {key}"
            rows[key] = told
    return rows


def _live_rows(installation: Installation) -> tuple[datetime, Rows]:
    answer = installation.state(_LEVELS)
    assert answer.status_code == 200, answer.text
    frame = answer.json()
    rows = {
        row["key"]: {name: value for name, value in row.items() if name not in _LIVE_ONLY}
        for row in frame["rows"]
        if row["topic"] in _VIEWS
    }
    return datetime.fromisoformat(frame["now"]), rows


def _as_shown(stored: dict[str, Any] | None, live: dict[str, Any] | None) -> dict[str, Any] | None:
    """Few people of a clinic are not counted on a wall: such a column is empty and named in `hidden`."""
    if stored is None or live is None or "hidden" not in live:
        return stored
    names = live["hidden"]
    assert all(0 < stored[name] < _SHOWN_FROM for name in names), (stored, live)
    return stored | {"hidden": names} | dict.fromkeys(names)


def wall_shows_what_is_stored(installation: Installation) -> None:
    """Every row of the live map is ClickHouse's row of the newest window, column by column, and none is missing.

    Windows go on while we look: right after a pane has begun the two may differ for a moment.
    """
    deadline = time.monotonic() + _LIVE_S
    while True:
        now, live = _live_rows(installation)
        stored = _stored_rows(installation, now)
        wrong = {
            key: (live.get(key), stored.get(key))
            for key in live.keys() | stored.keys()
            if live.get(key) != _as_shown(stored.get(key), live.get(key))
        }
        if not wrong:
            break
        assert time.monotonic() < deadline, (len(wrong), len(live), list(wrong.items())[:3])
        time.sleep(3)
    windows = {row["window"] for row in live.values()}
    assert windows == {"15m", "1h", "1d", "7d", "30d"}, windows
