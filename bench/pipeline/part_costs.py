"""CPU of a build's parts, each with all processes below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bench.ground import cpu_s

PARTS: Final = ("ingest", "kafka", "streams", "sinks", "clickhouse", "gateway", "supervisor")
_OF_COMMAND: Final = {
    "producers.ingest": "ingest",
    "kafka.Kafka": "kafka",
    "streams": "streams",
    "sinks": "sinks",
    "engines.clickhouse": "clickhouse",
    "dashboard_ws.gateway": "gateway",
}
"""A word of a child's command line -> its part."""

Costs = dict[str, float]
"""Part -> CPU seconds, or what is made of them."""


def parts_of(supervisor: int) -> dict[str, int]:
    """Part -> process id, of a running `pantau up`."""
    found = {"supervisor": supervisor}
    for child in _children(supervisor):
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        found |= {part: child for word, part in _OF_COMMAND.items() if word in words}
    if missing := set(PARTS) - set(found):
        raise RuntimeError(f"no process of {', '.join(sorted(missing))} below {supervisor}")
    return found


def _children(pid: int) -> Iterator[int]:
    for tasks in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (tasks / "children").read_text("ascii").split())


def _tree_s(pid: int, also: frozenset[int] = frozenset()) -> float:
    below = sum(_tree_s(child) for child in _children(pid) if child not in also)
    return cpu_s(pid) + below


def read_costs(parts: Mapping[str, int]) -> Costs:
    """CPU seconds so far. The supervisor's are its own."""
    known = frozenset(parts.values())
    return {name: _tree_s(pid, known) for name, pid in parts.items()}


def difference(before: Costs, after: Costs) -> Costs:
    """Part -> what was added."""
    return {name: after[name] - before[name] for name in before}
