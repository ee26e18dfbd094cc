"""`pantau desk`: local accounts, and the sessions of a provider's people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.datadir import DataDir
from chassis.desk_accounts import DeskAccounts
from chassis.operator_error import OperatorError
from pantau.cli import build
from pantau.commands.provide import desk


def test_names_of_a_providers_people_are_no_local_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[str, str]] = []

    def revoke(_settings: Any, kind: str, user: str) -> None:
        ended.append((kind, user))

    monkeypatch.setattr(desk, "revoke", revoke)
    where = ["--data-dir", str(tmp_path)]

    def run(*words: str) -> Exception | None:
        given = CliRunner().invoke(build(), ["desk", *words, *where], input="a long password\n")
        return given.exception if isinstance(given.exception, Exception) else None

    assert run("add", "ratna", "--role", "health") is None
    refused = run("add", "ratna (dinas)", "--role", "health")
    assert isinstance(refused, OperatorError)
    assert "a provider's people" in str(refused)
    assert set(DeskAccounts(DataDir(tmp_path)).all()) == {"ratna"}
    assert run("remove", "ratna (dinas)") is None
    assert ended == [("operator", "ratna (dinas)")]
    assert set(DeskAccounts(DataDir(tmp_path)).all()) == {"ratna"}
