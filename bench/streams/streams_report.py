"""The table, docs/bench/streams.md and its picture."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from bench.streams.contestants import REPLAY_MS, Workload
from bench.streams.measure import ContestResult

_PEERS: Final = ("bytewax", "quix")
_LEFT: Final = 250
_LEAST_US: Final = 0.1
_WIDTH: Final = 860
_BAR: Final = 18
_STEP: Final = 25
_HEAD: Final = 34
_TAIL: Final = 90
_COLOURS: Final = {"floor": "#8a8f98", "pantau": "#0f766e", "pantau-all": "#5fa8a0"}
_OTHER: Final = "#b45309"

_TEXT: Final = """\
# Speed of the stream processing

![CPU microseconds per event of each contestant on each workload](streams.svg)

    {command}

{machine}. {date}. {versions}.

{table}

`us/event` is the median of {rounds} rounds of CPU time, user and system, of the contestant's process; `least` and
`greatest` are of the same rounds. Broker and harness are not counted.

{targets}

Where our own time goes: [profile.md](profile.md).

## How it is measured

- **Content.** A deterministic line of events of Sumedang's kitchens: half temperatures, 20 % deliveries, 20 % meals, 10 %
  cooking; 2 % of the lines come twice, 1 % are refused. {events} lines, of the workloads with one event a record a quarter of
  that. *live*: times of the last ten minutes. *replay*: times over {replay_days} days of 13 hours, in order up to a minute.
  Each workload is put on the topic once, on a broker of its own; all contestants read the same records and take turns within
  each round.
- **Job.** Read, decode (the same `contracts.events.decode`, a whole record in one call), check against the registry, drop
  duplicates, fold by kitchen and 5-minute pane, keep recoverable state and send the rows that changed, both every {flush_ms} ms:
  for every changed pane the kitchen's rows of all `15m`, `1h`, `1d`, `7d` and `30d` windows that hold it and have begun, fifteen
  sums and three percentiles, as the JSON lines that a sink takes.
- **Done** is when the contestant's newest rows, read back from its output topic as committed, equal those that the generator
  summed up, in every window and column. A contestant that does not come to them fails the run.
- **CPU** is read from `/proc` at that moment, less the median of the same contestant on a topic with one event: start,
  imports and the join of the group are not counted; flushes, producers and background threads are. Resolution 10 ms.

## What to know before quoting it

- Pantau's agent does more than is compared: targets, verdicts, dead letters, corrections, coverage by recipient, what the areas
  are summed from, all in one transaction with its state and position. The peers are at least once. *Whole worker* adds recipients,
  areas and the live map, until the region has followed: four rows an event live, sixteen on a replay.
- The peers share their windows (`bench/peers/peer_windows.py`): panes and days in dictionaries, a window added up when a row is due.
- A flush costs what has changed, not what has come: the faster the input, the less an event costs. These are runs at full
  speed.
- Bytewax stores, at the end of each epoch, all state of each kitchen that woke in it, seen ids and packed panes included:
  that grows with the topic. Its epoch is as long as our flush; at its default of ten seconds it would cost less and fall
  further back at a crash.
- Quix has no timer, so rows leave through a sink at each checkpoint. What windows need of a kitchen it holds in memory
  beside its state, which is by record key: all records get one key, so that a record of many kitchens is one call.
- Plain Faust writes its one table entry an event as bytes, not as JSON, and keeps state in memory. It is measured on one
  event a record only.
- The floor reads with `librdkafka`; Pantau reads with Faust and `aiokafka`, which are Python.
"""


@dataclass(frozen=True)
class Circumstances:
    """What a reader needs to judge and repeat the run."""

    command: str
    machine: str
    date: str
    versions: dict[str, str]
    events: int
    rounds: int
    flush_ms: int


def median_us(result: ContestResult) -> float:
    """CPU microseconds per event. A run too short to tell from its start counts as the least that can be shown."""
    return max(statistics.median(result.us_per_event), _LEAST_US)


def _by_workload(
    results: Sequence[ContestResult],
) -> Iterator[tuple[Workload, dict[str, ContestResult]]]:
    for workload in dict.fromkeys(result.workload for result in results):
        yield (
            workload,
            {one.contestant.name: one for one in results if one.workload == workload},
        )


def table(results: Sequence[ContestResult]) -> str:
    """All figures, as a Markdown table."""
    lines = [
        "| workload | contestant | us/event | least | greatest | of Pantau's agent | to start, s CPU |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for workload, by_name in _by_workload(results):
        ours = median_us(by_name["pantau"]) if "pantau" in by_name else None
        for result in by_name.values():
            value = median_us(result)
            ratio = f"{value / ours:.2f}" if ours else ""
            least, greatest = min(result.us_per_event), max(result.us_per_event)
            lines.append(
                f"| {workload.title} | {result.contestant.title} | {value:.1f} | {least:.1f} | {greatest:.1f} "
                f"| {ratio} | {result.baseline_s:.2f} |"
            )
    return "\n".join(lines)


def targets(results: Sequence[ContestResult]) -> list[str]:
    """A line a target: what was measured and what was asked."""
    found = []
    for workload, by_name in _by_workload(results):
        if "pantau" not in by_name:
            continue
        ours = median_us(by_name["pantau"])
        single = workload.lines_a_record == 1
        peers = [median_us(by_name[name]) for name in _PEERS if name in by_name]
        if peers:
            asked = 2.0 if single else 1.5
            found.append(
                _target(workload, "the better of Bytewax and Quix", min(peers) / ours, asked)
            )
        if single and "faust" in by_name:
            found.append(_target(workload, "plain Faust", median_us(by_name["faust"]) / ours, 20.0))
        if not single and "floor" in by_name:
            share = median_us(by_name["floor"]) / ours * 100
            found.append(f"- {workload.title}: {share:.1f} % of the floor's speed (asked: 10 %).")
    return found


def _target(workload: Workload, against: str, ratio: float, asked: float) -> str:
    return f"- {workload.title}: {ratio:.1f} times the speed of {against} (asked: {asked:g})."


def picture(results: Sequence[ContestResult], circumstances: Circumstances) -> str:
    """A bar a contestant, grouped by workload, each group on a scale of its own."""
    parts: list[str] = []
    y = 12
    for workload, by_name in _by_workload(results):
        parts.append(_text(12, y + 16, f"{workload.title}: CPU µs per event", "title"))
        y += _HEAD
        greatest = max(max(median_us(one) for one in by_name.values()), 0.1)
        for result in by_name.values():
            parts += _bar(result, y, greatest)
            y += _STEP
        y += 14
    foot = f"median of {circumstances.rounds} rounds, broker not counted; {circumstances.date[:10]}"
    parts.append(_text(12, y + 10, foot, "foot"))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 24}" width="{_WIDTH}" height="{y + 24}" '
        'role="img" aria-label="CPU microseconds per event of each contestant on each workload">\n'
        "<style>text{font:13px system-ui,sans-serif;fill:#1f2933}.title{font-weight:600;font-size:14px}"
        ".foot{font-size:11px;fill:#52606d}.name{text-anchor:end}</style>\n"
        f'<rect width="{_WIDTH}" height="{y + 24}" fill="#ffffff"/>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _bar(result: ContestResult, y: int, greatest: float) -> list[str]:
    value = median_us(result)
    width = max(2, round((_WIDTH - _LEFT - _TAIL) * max(value, 0.0) / greatest))
    colour = _COLOURS.get(result.contestant.name, _OTHER)
    return [
        _text(_LEFT - 8, y + 14, result.contestant.title, "name"),
        f'<rect x="{_LEFT}" y="{y}" width="{width}" height="{_BAR}" rx="2" fill="{colour}"/>',
        _text(_LEFT + width + 6, y + 14, f"{value:.1f}", ""),
    ]


def _text(x: int, y: int, content: str, kind: str) -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{shown}>{escape(content)}</text>'


def write(results: Sequence[ContestResult], circumstances: Circumstances, folder: Path) -> None:
    """Writes streams.md and streams.svg into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "streams.svg").write_text(picture(results, circumstances), "utf-8")
    text = _TEXT.format(
        command=circumstances.command,
        machine=circumstances.machine,
        date=circumstances.date,
        versions=", ".join(f"{name} {number}" for name, number in circumstances.versions.items()),
        table=table(results),
        rounds=circumstances.rounds,
        targets="\n".join(targets(results)),
        events=f"{circumstances.events:,}",
        flush_ms=circumstances.flush_ms,
        replay_days=REPLAY_MS // 86_400_000,
    )
    (folder / "streams.md").write_text(text, "utf-8")
