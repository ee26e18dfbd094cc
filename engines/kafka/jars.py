"""Where Kafka's jars lie in this installation, and whether they are the ones that were locked."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from pathlib import Path
from typing import Final

HOME: Final = Path(sys.prefix) / "share" / "kafka"
"""Filled by `make install`: belongs to the virtual environment, so it moves and goes with it."""

_FOLDERS: Final = ("jars", "modules")


class JarError(Exception):
    """The jars are missing or not the locked ones. The message says what to do."""


def class_path(home: Path = HOME) -> str:
    """Java's class path for the broker. Raises `JarError` if there are no jars."""
    if not any((home / "jars").glob("kafka_*.jar")):
        raise JarError(f"Kafka's jars are not in {home}: run `make install`")
    return ":".join(str(home / folder / "*") for folder in _FOLDERS)


def locked(lock: Path) -> dict[str, str]:
    """File name -> SHA-256 (hex) of each jar in `lock`, a `jgo.lock.toml`."""
    content = tomllib.loads(lock.read_text("utf-8"))
    return {
        f"{entry['artifactId']}-{entry['version']}.jar": entry["sha256"]
        for entry in content["dependencies"]
    }


def verify(lock: Path, home: Path = HOME) -> int:
    """Compare the jars in `home` with `lock`; returns their number.

    Raises `JarError` if a jar is missing, of other content, or not in the lock.
    """
    wanted = locked(lock)
    found = {path.name: path for folder in _FOLDERS for path in (home / folder).glob("*.jar")}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            raise JarError(f"{name} is missing in {home}: remove that folder and install again")
        if name not in wanted:
            raise JarError(f"{found[name]} is not in {lock.name}: remove it and install again")
        if hashlib.sha256(found[name].read_bytes()).hexdigest() != wanted[name]:
            raise JarError(
                f"{found[name]} is not the file that {lock.name} names (SHA-256 differs): "
                "remove it here and in the local Maven cache, then install again"
            )
    return len(wanted)


def main() -> int:
    """`python -m engines.kafka.jars LOCK [HOME]`: exit 0 if the jars are the locked ones, else say why."""
    try:
        verify(*(Path(word) for word in sys.argv[1:]))
    except JarError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
