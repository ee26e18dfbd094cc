#!/usr/bin/env bash
# Made filled_store.zip, once, by the code of the commit below: the store that the upgrade test starts from.
# The commit is the last one before migrations were frozen: 0001 to 0003, and no view recorded beside them.
#
#   tests/storage/make_filled_store.sh filled_store.zip      needs git, make and two minutes
#
# A small region's random history goes through that commit's folds and its sink into its ClickHouse. Each
# storage table is then read back as JSON lines, one member of the archive a table; `migrations` too, as that
# code wrote it. The engine's own files would be smaller work, but they hold for one version of the engine.
set -euo pipefail
commit=911d2738ced884e90f0da65687c78eca7c7dd91e
out=$(realpath "$1")
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree"' EXIT
git worktree add --detach "$tree" "$commit"
make -s -C "$tree" install
cd "$tree"
.venv/bin/python - "$out" "$commit" <<'PYTHON'
import sys
import tempfile
import zipfile
from pathlib import Path

from contracts.region_rows import Thresholds
from sinks import migrate
from sinks.audit.run import audit
from sinks.schema import STORE
from tests.fixtures_clickhouse import embedded
from tests.sinks.audit_installation import REGION, History, Installation

out, commit = sys.argv[1:]
# Nothing fills these two: that commit raises no alert, and the history has no line that the sink sets aside.
BY_HAND = (
    "INSERT INTO pantau_store.alert_changes VALUES ('a1', '32.11', 'over_4h', 2, 'SPPG-3211-0001', 'npsn:20208123', "
    "'raised', '', '2026-10-02 03:00:00', '2026-10-02 03:00:00', NULL, '', NULL, '{\"minutes\": 251}', 7)",
    "INSERT INTO pantau_store.sink_rejects VALUES ('verdicts', 0, 7, 0, 'event_status', 'no such column', "
    "'{\"counts\": \"?\"}', '2026-10-02 03:00:00')",
)
with tempfile.TemporaryDirectory() as folder:
    engine = embedded(Path(folder))
    engine.start()
    try:
        client = engine.client()
        migrate.run(client)
        Installation(client).play(History(seed=5, events=300, days=33))
        for statement in BY_HAND:
            client.command(statement)
        report = audit(client, REGION, None, None, Thresholds(), print, 0.5, 0.0)
        assert report.clean and report.rows > 5_000, report
        tables = client.query(f"SELECT name FROM system.tables WHERE database = '{STORE}' ORDER BY name").result_rows
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.comment = f"made by the code of commit {commit}".encode()
            for (table,) in tables:
                lines = engine.post(f"SELECT * FROM {STORE}.{table} ORDER BY ALL FORMAT JSONEachRow").text
                assert lines, table
                archive.writestr(zipfile.ZipInfo(f"{table}.jsonl"), lines, zipfile.ZIP_DEFLATED)
                print(table, lines.count("\n"), "rows")
    finally:
        engine.stop()
PYTHON
