"""Kafka's libraries stay behind `chassis.kafka`: nobody else makes a client of theirs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.house.product import module_name, modules

_ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = (
    *("contracts", "chassis", "producers", "streams", "storage", "sinks", "audit", "engines"),
    *("dashboard_ws", "pantau", "bench"),
)
_PLAIN: Final = Path("bench") / "peers" / "plain"
"""The build that Pantau is measured beside is written as one without Pantau's rooms would be."""
_CLIENTS: Final = {
    *("AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"),
    *("KafkaConsumer", "KafkaProducer", "KafkaAdminClient"),
}


def _constructions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in _CLIENTS:
                yield name


def test_one_module_makes_clients_of_kafka() -> None:
    found = {
        path.relative_to(_ROOT).as_posix(): sorted(_constructions(path))
        for room in _ROOMS
        for path in (_ROOT / room).rglob("*.py")
        if "node_modules" not in path.parts and _PLAIN not in path.relative_to(_ROOT).parents
    }
    assert {name: made for name, made in found.items() if made} == {
        "chassis/kafka/clients.py": sorted(_CLIENTS)
    }


def _followed(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.AsyncFor) and isinstance(node.iter, ast.Call):
            called = node.iter.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in ("follow", "follow_topic"):
                yield f"{module_name(path)}:{node.lineno}"


def test_who_ceases_to_follow_closes_what_it_followed() -> None:
    """Left open, the loop closes the outer and the inner generators at once at its end: "aclose(): ... already running"."""
    found = [at for path in modules() for at in _followed(path)]
    assert not found, "iterate within contextlib.aclosing"
