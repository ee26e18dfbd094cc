"""The measurements' own parts: the same content for the same seed, a truth that is true, pages that say what was measured."""

from __future__ import annotations

import argparse
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.ingest import ingest_report
from bench.ingest.ingest_report import CostRow, DelayRow
from bench.latency import latency_report
from bench.latency.wall_reader import Wall
from bench.peers.job import METRICS, Job, Order
from bench.peers.peer_windows import Kitchen, Spans
from bench.recovery import recovery_report
from bench.streams import profile
from bench.streams.contestants import CONTESTANTS, WORKLOADS
from bench.streams.expected_rows import UnitRows, rows_due, unit_rows
from bench.streams.generate import Content, generate
from bench.streams.measure import ContestResult, ContestRun, measure
from bench.streams.streams_report import Circumstances, table, targets, write
from chassis.regions.region_folder import load_region
from contracts.registry.entities import RegionRegistry
from pantau.installation import ROOT

SVG = "http://www.w3.org/2000/svg"
NOW_MS = 1_795_490_130_000
BY_NAME = {one.name: one for one in CONTESTANTS}


@pytest.fixture(scope="module")
def registry() -> RegionRegistry:
    return load_region(ROOT / "regions" / "32.11")


def content(registry: RegionRegistry, seed: int) -> Content:
    return generate(registry, seed, 3_000, NOW_MS, 2 * 86_400_000)


def test_the_same_seed_throws_the_same_lines(registry: RegionRegistry) -> None:
    assert content(registry, 7) == content(registry, 7)
    assert content(registry, 7).lines != content(registry, 8).lines


def test_the_mix_is_what_the_page_says(registry: RegionRegistry) -> None:
    made = content(registry, 1)
    lines = [line for _, line in made.lines]
    again = len(lines) - len(set(lines))
    counted = sum(sums[METRICS.index("events")] for sums in made.truth.values())
    assert 0.01 < again / len(lines) < 0.03
    assert 0.003 < (len(lines) - again - counted) / len(lines) < 0.02
    assert 0.45 < sum(b"temperature" in line for line in lines) / len(lines) < 0.55


def test_the_job_comes_to_the_truth(registry: RegionRegistry, tmp_path: Path) -> None:
    made = content(registry, 1)
    file = tmp_path / "registry"
    file.write_bytes(registry.encode())
    job = Job(file)
    spans = Spans(job.zone)
    kitchens: dict[str, Kitchen] = {}
    seen: set[tuple[str, str]] = set()
    found: UnitRows = {}
    for at in range(0, len(made.lines), 200):
        value = b"\n".join(line for _, line in made.lines[at : at + 200])
        for fact in job.facts(value, NOW_MS):
            if (fact.unit, fact.id) not in seen:
                seen.add((fact.unit, fact.id))
                kitchens.setdefault(fact.unit, Kitchen(fact.unit)).put(fact)
        for kitchen in kitchens.values():
            for told in kitchen.rows(job, spans):
                found.update(unit_rows(made.now_ms)(told))
        # As after a crash: what is kept is all that is needed.
        kitchens = {unit: Kitchen.decode(one.encode()) for unit, one in kitchens.items()}
    assert found == rows_due(made, registry.region.timezone)


def test_an_order_survives_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    order = Order("h:1", "topic", "out", "group", 0.1, 20, tmp_path, tmp_path / "registry")
    for name, text in order.environment().items():
        monkeypatch.setenv(name, text)
    assert Order.read() == order


def results() -> list[ContestResult]:
    """1000 events: 2 ms of CPU and so on, after half a second of start."""
    micros = {"floor": 1.0, "pantau": 8.0, "bytewax": 24.0, "quix": 20.0}
    return [
        ContestResult(WORKLOADS[0], BY_NAME[name], 1_000, 0.5, tuple(_runs(value)))
        for name, value in micros.items()
    ]


def _runs(micros: float) -> list[ContestRun]:
    return [ContestRun(0.5 + micros * factor / 1_000, 3.0, 4) for factor in (0.5, 1.0, 3.0)]


def test_medians_less_the_start_are_compared() -> None:
    assert "| Quix Streams, changelog on | 20.0 | 10.0 | 60.0 | 2.50 | 0.50 |" in table(results())
    beside, floor = targets(results())
    assert "2.5 times the speed of the better of Bytewax and Quix (asked: 1.5)." in beside
    assert "12.5 % of the floor's speed (asked: 10 %)." in floor


def test_page_and_picture(tmp_path: Path) -> None:
    how = Circumstances(
        "pantau bench", "a machine", "2026-11-24T05:00:00Z", {"bytewax": "0.21"}, 1_000, 3, 100
    )
    write(results(), how, tmp_path)
    page = (tmp_path / "streams.md").read_text("utf-8")
    assert "bytewax 0.21" in page and "{" not in page
    picture = ET.parse(tmp_path / "streams.svg").getroot()
    widths = [int(bar.get("width", "0")) for bar in picture.iter(f"{{{SVG}}}rect")]
    assert widths[1:] == pytest.approx([520 * micros / 24 for micros in (1, 8, 24, 20)], abs=1)


async def test_an_event_is_seen_when_the_counts_say_so() -> None:
    wall = Wall(["A", "B"], "32.11")
    for unit, sent, answered in (("A", 1.0, 1.1), ("B", 1.0, 1.1), ("A", 2.0, 2.5)):
        wall.posted(unit, sent, answered)
    row = "performance/unit/{}/1d"
    total = "performance/kabupaten/32.11/1d"
    wall._apply([{"key": row.format("A"), "events": 1}, {"key": total, "events": 1}], 1.4)
    # The kabupaten's row is ahead of the kitchens' here: which events it holds cannot be told.
    wall._apply([{"key": row.format("A"), "events": 2}, {"key": total, "events": 3}], 2.4)
    wall._apply([{"key": row.format("B"), "events": 1}], 3.1)

    await wall.all_seen(1.0)
    seen = wall.seen()
    assert seen.kitchen == pytest.approx([0.3, 0.0, 2.0])
    assert seen.everywhere == pytest.approx([0.3, 0.6, 2.0])


def test_the_page_of_latency() -> None:
    seen = latency_report.Seen([0.1, 0.2], [0.2, 0.3], [0.3, 0.4], 2)
    followed = latency_report.Followed([0.1], [0.4], [0.5])
    page = latency_report.write(seen, followed, 200, 20, 5, "a machine", "2026-11-24T05:00:00Z")
    assert "| the kabupaten's row, from the 202 | 300 | 300 | 300 |" in page
    assert "| in ClickHouse | 400 | 400 | 400 |" in page


@pytest.mark.parametrize(
    ("area_s", "state", "two", "verdicts"),
    [
        (10.0, 1_000_000, 10.5, ("12 s: met.", "1.05 times (asked: at most 1.1: met)")),
        (12.1, 300_000, 11.2, ("12 s: missed.", "1.12 times (asked: at most 1.1: missed)")),
        (
            10.0,
            300_000,
            11.0,
            ("12 s: not shown, fewer events.", "1.10 times (asked: at most 1.1: met)"),
        ),
    ],
)
def test_the_page_of_recovery_says_what_is_met(
    area_s: float, state: int, two: float, verdicts: tuple[str, str]
) -> None:
    page = recovery_report.write(
        [recovery_report.Recovered("killed", 9.04, area_s)],
        recovery_report.Scaled(10.0, two, 1_000, 3),
        state,
        "a machine",
        "2026-11-24T05:00:00Z",
    )
    assert f"| killed | 9.0 | {area_s:.1f} |" in page
    assert all(one in page for one in verdicts)


def test_the_profile_counts_what_came_out() -> None:
    line, shares = profile.measure(WORKLOADS[0], 400)
    *_, rows, size, _ = line.split("|")
    assert float(rows) > 0.5 and float(size) > 300
    assert "streams/core/unit_stage/" in shares


@pytest.mark.slow
@pytest.mark.real
def test_our_agent_comes_to_the_truth_on_a_real_broker() -> None:
    ours = BY_NAME["pantau"]
    runs = measure(WORKLOADS[0], [ours], 1_000, 1, 100, lambda _: None)
    assert runs["pantau"][0].records > 0


@pytest.mark.parametrize(
    ("batch_us", "single_us", "verdicts"),
    [(25.0, 130.0, ["met", "met"]), (26.0, 131.0, ["**missed**", "**missed**"])],
)
def test_the_page_of_ingest_compares_with_the_bare_endpoints_single_event(
    batch_us: float, single_us: float, verdicts: list[str]
) -> None:
    options = argparse.Namespace(rounds=1, events=1)
    costs = [CostRow(50, batch_us, 90.0), CostRow(1, single_us, 100.0)]
    page = ingest_report.write("m", "d", options, costs, [DelayRow(200, [0.1])])
    rows = [line.split("|") for line in page.splitlines() if line.startswith(("| 50 ", "| 1 "))]
    assert [row[-2].strip() for row in rows] == verdicts
