"""One installation as the command sees it: its settings, its stamp, its lock and the environment of its parts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from pydantic import SecretStr

from chassis.datadir import DataDir, DataDirError, FileLock, write_file
from chassis.operator_error import OperatorError
from chassis.settings import ENV, Settings, load_settings

ROOT: Final = Path(__file__).resolve().parents[1]
"""Folder of the packages: the repository, or site-packages."""
RUN: Final = "pantau"
"""Name of the supervisor's own run file."""

Mode = Literal["real", "simulated"]
ClockKind = Literal["real", "demo"]


class InstallationStamp(msgspec.Struct, frozen=True):
    """What a data dir holds, for good. `clock`: the clock that its events were received by."""

    mode: Mode
    clock: ClockKind


def new_settings(**given: Any) -> Settings:
    """Settings to start an installation with: `given` (None: not given) wins over the environment.

    Paths come out absolute. Raises `OperatorError` naming the setting that is wrong.
    """
    given = {name: value for name, value in given.items() if value is not None}
    settings = load_settings(**given)
    paths = {"data_dir": settings.data_dir.resolve(), "regions_dir": _regions_dir(settings)}
    return settings.model_copy(update=paths)


def running_settings(data_dir: Path | None = None, **given: Any) -> Settings:
    """Settings of the installation in `data_dir` (None: PANTAU_DATA_DIR), for commands that come to it.

    `given` wins over the environment, that over what the installation notes in its data dir.
    Raises `OperatorError` naming the setting that is wrong.
    """
    asked = new_settings(data_dir=data_dir, **given)
    noted = _noted(DataDir(asked.data_dir))
    # What was given or stands in the environment is set; all else comes from the installation.
    unsaid = {name: value for name, value in noted.items() if name not in asked.model_fields_set}
    return new_settings(**(unsaid | given | {"data_dir": asked.data_dir}))


def _noted(home: DataDir) -> dict[str, Any]:
    """Settings of the installation that runs on the data dir, and the clock it is stamped with."""
    if not home.path.exists():
        return {}
    run = home.read_run(RUN) or {}
    noted: dict[str, Any] = dict(run.get("settings", {}))
    stamp = read_stamp(home)
    return noted if stamp is None else noted | {"clock": stamp.clock}


def _regions_dir(settings: Settings) -> Path:
    """The region folders: as set, else those beside the code, so that the command works from any folder."""
    if "regions_dir" in settings.model_fields_set or settings.regions_dir.is_dir():
        return settings.regions_dir.resolve()
    return ROOT / settings.regions_dir


def read_stamp(home: DataDir) -> InstallationStamp | None:
    """What the data dir is stamped with, or None for a new one. Raises `DataDirError` if it is damaged."""
    try:
        return msgspec.json.decode(home.stamp_file.read_bytes(), type=InstallationStamp)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise DataDirError(
            f"{home.stamp_file} is damaged ({error}): restore it from a backup"
        ) from None


def stamp(home: DataDir, wanted: InstallationStamp) -> None:
    """Stamp a new data dir; check a stamped one. Raises `OperatorError` where it holds something else."""
    stored = read_stamp(home)
    if stored is None:
        write_file(home.stamp_file, msgspec.json.format(msgspec.json.encode(wanted)) + b"\n")
    elif stored != wanted:
        raise OperatorError(
            f"{home.path} holds {stored.mode} events on the {stored.clock} clock and takes no {wanted.mode} ones on the "
            f"{wanted.clock} clock: give another --data-dir, or the options it was started with"
        )


@contextmanager
def locked(home: DataDir) -> Iterator[None]:
    """Hold the data dir for this process. The lock ends with the process, however it ends.

    Raises `OperatorError` if another `pantau up` holds it.
    """
    with FileLock(home.run / "lock") as lock:
        if not lock.take():
            raise OperatorError(
                f"another pantau runs on {home.path} (pid {lock.owner()}): stop it, or give another --data-dir"
            )
        lock.write_owner()
        yield


def clear_run(home: DataDir) -> None:
    """Forget the run files of an installation that was killed. Call only under the lock."""
    for file in home.run.glob("*.json"):
        file.unlink(missing_ok=True)


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def plain(settings: Settings) -> dict[str, str]:
    """The settings without secrets, as text."""
    values = ((name, getattr(settings, name)) for name in Settings.model_fields)
    return {name: _text(value) for name, value in values if not isinstance(value, SecretStr)}


def child_env(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of a part: every setting spelt out.

    Secrets are passed on only if they were in `inherited`; else the part reads them from the data dir.
    """
    env = dict(inherited) | {f"{ENV}{name.upper()}": text for name, text in plain(settings).items()}
    path = [str(ROOT), *filter(None, [inherited.get("PYTHONPATH")])]
    return env | {"PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}
