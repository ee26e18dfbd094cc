"""`bench.sinks`: its lines and inserts are what its page states, and the page says what was measured."""

from __future__ import annotations

import msgspec
import pytest

from bench.pipeline.kitchen_requests import LIVE_MS, LoadScenario
from bench.sinks import folded_lines
from bench.sinks.__main__ import options_of, workloads
from bench.sinks.folded_lines import LineWorkload, blocks, compact, contents, fold_lines
from bench.sinks.sinks_report import (
    COMPACT,
    PIPE,
    SINK,
    LineCost,
    LineSize,
    SinkResult,
    SinksRun,
    write,
)
from chassis.regions.region_folder import load_region
from contracts.events.lines import split
from contracts.results.tables import TABLES
from pantau.installation import ROOT

_RUN = SinksRun("python -m bench.sinks", "a machine", "2026-12-01T05:00:00Z", 5, 3.0, 30_000, 20_000)  # fmt: skip


def _cost(client: float, clickhouse: float) -> LineCost:
    return LineCost(client, clickhouse, 16, 1_000)


def _result(name: str, sink: list[LineCost]) -> SinkResult:
    pipe = [_cost(1, 9), _cost(1, 9), _cost(1, 7)]
    rounds = {SINK: sink, PIPE: pipe, COMPACT: [_cost(1, 7)] * 3}
    sizes = [LineSize("`performance`", 1_000, 600.0, 150.0)]
    return SinkResult(name, "some events", 1_000, 900, rounds, sizes)


def test_the_page_compares_turns_of_one_round() -> None:
    far = _result("replay", [_cost(9, 9), _cost(6, 10), _cost(2, 9)])
    near = _result("overtaken", [_cost(5, 10), _cost(5, 10), _cost(2, 9)])
    page = write(_RUN, [far, near])
    assert "| replay | sink | 6.00 | 10.00 | 16.00 | 11.00 to 18.00 | 1.60 | 16 | 1,000 |" in page
    assert "| 1.60 | at most 1.5 | missed |" in page
    assert "| 1.50 | at most 1.5 | met |" in page
    assert "| replay | `performance` | 1,000 | 600 | 150 | 75% |" in page
    assert "and 3 s longer for merges" in page
    assert "of each 30,000 lines one a table, 20,000 rows at most" in page
    assert "{" not in page


def test_options_reach_the_workloads() -> None:
    options = options_of(["--rounds", "2", "--replay-events", "70", "--live-events", "90", "--no-write"])  # fmt: skip
    assert (options.rounds, options.write) == (2, False)
    assert [one.events.events for one in workloads(options)] == [70, 90]
    with pytest.raises(SystemExit):
        options_of(["--events", "7"])


def test_every_line_is_in_one_insert_and_the_newest_of_each_row_counts() -> None:
    workload = LineWorkload(LoadScenario("", 60, 1, LIVE_MS), 20)
    flushes = fold_lines(load_region(ROOT / "regions" / "32.11"), workload)
    assert len(flushes) == 3
    sent = [(block.table, line) for block in blocks(flushes) for line in block.lines]
    assert len(sent) == sum(
        (out.value or b"").count(b"\n") + 1 for flush in flushes for out in flush
    )
    due = contents(flushes)
    assert due.keys() == {"performance", "coverage", "positions"}
    lines = [msgspec.json.decode(line) for table, line in sent if table == "performance"]
    newest = {tuple(row[name] for name in TABLES["performance"].key): row["revision"] for row in lines}  # fmt: skip
    assert due["performance"] == (len(newest), max(newest.values()))
    assert len(newest) < len(lines), "no line overtakes another"


@pytest.mark.parametrize(("batch", "insert"), [(1, 1_000_000), (1_000_000, 7)])
def test_inserts_are_cut_at_the_sinks_limits(
    monkeypatch: pytest.MonkeyPatch, batch: int, insert: int
) -> None:
    monkeypatch.setattr(folded_lines, "MAX_ROWS", batch)
    monkeypatch.setattr(folded_lines, "MAX_INSERT_ROWS", insert)
    workload = LineWorkload(LoadScenario("", 20, 1, LIVE_MS), 20)
    flushes = fold_lines(load_region(ROOT / "regions" / "32.11"), workload)
    records = [split(out.value or b"") for flush in flushes for out in flush]
    cut = [len(block.lines) for block in blocks(flushes)]
    assert sum(cut) == sum(map(len, records))
    if batch == 1:
        assert cut == [len(lines) for lines in records], (
            "a batch ends with the record that fills it"
        )
    else:
        assert max(cut) == insert


def test_a_line_without_names_has_the_columns_of_its_table_in_order() -> None:
    workload = LineWorkload(LoadScenario("", 20, 1, LIVE_MS), 20)
    for table, lines in blocks(fold_lines(load_region(ROOT / "regions" / "32.11"), workload)):
        names = [column.name for column in TABLES[table].columns]
        bare = msgspec.json.decode(compact(lines[0]))
        assert dict(zip(names, bare, strict=True)) == msgspec.json.decode(lines[0])
