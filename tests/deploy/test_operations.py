"""What the runbook names is there: metrics, codes of dead letters, commands, settings."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from prometheus_client import REGISTRY

from chassis.feeds.log_ends import LogEnds
from chassis.kafka.cluster import Cluster
from chassis.settings import Settings
from contracts.events.codes import Code
from pantau.cli import build
from streams.agents.owners import Owners
from streams.agents.worker_health import WorkerHealth

_REPO: Final = Path(__file__).parents[2]
_RUNBOOK: Final = (_REPO / "docs" / "operations.md").read_text()
_DOCS: Final = {
    "operations": _RUNBOOK,
    "install": (_REPO / "deploy" / "README.md").read_text(),
    "example": (_REPO / ".env.example").read_text(),
}
_WITH_METRICS: Final = (
    "producers.ingest.ingest_metrics",
    "streams.agents.owners",
    "sinks.sink_metrics",
    "dashboard_ws.gateway.gateway_metrics",
)
_OF_COMPOSE: Final = {"PANTAU_ANALYST_PASSWORD", "PANTAU_MODE", "PANTAU_PUBLISH"}


def test_metrics_to_alert_on_exist() -> None:
    for module in _WITH_METRICS:
        importlib.import_module(module)
    worker = WorkerHealth(
        Owners(lambda _place: None, lambda *_: None), LogEnds(Cluster("localhost:1"), [])
    )
    known = {metric.name for metric in (*REGISTRY.collect(), *worker.collect())}
    named = set(re.findall(r"`?\b(pantau_(?:ingest|stream|sink|gateway)_\w+)", _RUNBOOK))
    assert len(named) >= 10
    assert {name.removesuffix("_total") for name in named} <= known


def test_codes_of_dead_letters_exist() -> None:
    table = _RUNBOOK.partition("## Dead letters")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {code for line in rows for code in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named
    assert named <= {code.value for code in Code}


@pytest.mark.parametrize("name", sorted(_DOCS))
def test_commands_and_settings_exist(name: str) -> None:
    command: Any = typer.main.get_command(build())
    # Where a command stands: at the start of code, or after a path or `docker compose exec gateway`.
    words = set(
        re.findall(r"(?:^|`|bin/|gateway )pantau ([a-z][a-z-]+)", _DOCS[name], re.MULTILINE)
    )
    assert len(words) >= 2 or name == "example"
    assert words <= set(command.commands), words - set(command.commands)
    settings = {f"PANTAU_{field.upper()}" for field in Settings.model_fields}
    named = set(re.findall(r"\bPANTAU_[A-Z0-9_]+\b", _DOCS[name]))
    assert named <= settings | _OF_COMPOSE, named - settings
