"""Accounts of the desk: who knows the password has the role, and the file holds hashes alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from chassis.datadir import DataDir, DataDirError
from chassis.desk_accounts import DeskAccounts
from chassis.operator_error import OperatorError


def test_an_account_is_added_changed_and_removed(tmp_path: Path) -> None:
    accounts = DeskAccounts(DataDir(tmp_path))
    assert accounts.all() == {}
    assert accounts.role_of("ratna", "a password") is None
    accounts.put("ratna", "desk", "a long password")
    assert accounts.role_of("ratna", "a long password") == "desk"
    assert accounts.role_of("ratna", "a long passwore") is None
    assert accounts.recognise("ratna", "a long password") == "desk"
    assert accounts.recognise("ratna", "a long passwore") is None
    assert accounts.recognise("ratna", "\ud800") is None
    accounts.put("ratna", "health", "another password")
    assert accounts.recognise("ratna", "a long password") is None
    assert accounts.role_of("ratna", "a long password") is None
    assert accounts.role_of("ratna", "another password") == "health"
    file = DataDir(tmp_path).secrets / "desk.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"password" not in file.read_bytes()
    assert accounts.remove("ratna")
    assert accounts.recognise("ratna", "another password") is None
    assert not accounts.remove("ratna")
    assert accounts.role_of("ratna", "another password") is None


@pytest.mark.parametrize("password", ["short", "x" * 201])
def test_a_bad_password_is_refused_without_repeating_it(tmp_path: Path, password: str) -> None:
    with pytest.raises(OperatorError) as caught:
        DeskAccounts(DataDir(tmp_path)).put("ratna", "desk", password)
    assert password not in str(caught.value)


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.secrets.mkdir(parents=True, exist_ok=True)
    (home.secrets / "desk.json").write_text('{"ratna": {"role": "king"}}')
    with pytest.raises(DataDirError, match="damaged"):
        DeskAccounts(home).all()
