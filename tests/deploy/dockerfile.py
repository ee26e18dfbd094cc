"""Reads a Dockerfile, and carries its steps out in a scratch folder instead of an image."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_ROOTS: Final = ("/opt/pantau", "/var/lib/pantau")
"""Folders of the image that steps name; in a scratch folder they lie below its root."""


@dataclass
class Step:
    """One instruction: `kind` in capitals, `text` without line breaks."""

    kind: str
    text: str

    @property
    def copies(self) -> tuple[str, list[str], str]:
        """Of a COPY: the stage it copies from (or nothing), sources, target."""
        words = shlex.split(self.text)
        origin = "".join(word.removeprefix("--from=") for word in words if word.startswith("--"))
        *sources, target = [word for word in words if not word.startswith("--")]
        return origin, sources, target


@dataclass
class Stage:
    """`base`: its image, arguments filled in."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list)

    def of(self, kind: str) -> list[Step]:
        """Its steps of one kind."""
        return [step for step in self.steps if step.kind == kind]


def read(path: Path) -> list[Stage]:
    """The stages, first to last."""
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    args: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        kind, _, rest = line.partition(" ")
        if kind == "ARG" and not stages:
            name, _, value = rest.partition("=")
            args[name] = value
        elif kind == "FROM":
            image, _, name = rest.partition(" AS ")
            base = re.sub(r"\$\{(\w+)\}", lambda match: args[match[1]], image)
            stages.append(Stage(name, base))
        else:
            stages[-1].steps.append(Step(kind, rest))
    return stages


class Scratch:
    """Carries stages out below `folder`.

    A stage works in `root`, so that the paths it writes into files hold for the next stage too, and is
    moved aside at its end.
    """

    def __init__(self, folder: Path, context: Path) -> None:
        self.root = folder / "root"
        self._done = folder / "stages"
        self._context = context
        self.skipped: list[str] = []

    def aside(self, name: str) -> Path:
        """Root of a stage that is done."""
        return self._done / name

    def run(self, stage: Stage, leave_out: tuple[str, ...]) -> None:
        """COPY and RUN of a stage, without the RUN steps that begin with one of `leave_out`."""
        self.root.mkdir(parents=True)
        work = self.root
        for step in stage.steps:
            if step.kind == "WORKDIR":
                work = self._inside(step.text)
                work.mkdir(parents=True, exist_ok=True)
            elif step.kind == "COPY":
                self._copy(step, work)
            elif step.kind == "RUN":
                self._run(step, work, leave_out)

    def end(self, stage: Stage) -> None:
        """Move the stage aside."""
        self._done.mkdir(exist_ok=True)
        self.root.rename(self.aside(stage.name))

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _copy(self, step: Step, work: Path) -> None:
        origin, sources, target = step.copies
        for source in sources:
            start = self.aside(origin) / source.lstrip("/") if origin else self._context / source
            end = self._inside(target) if target.startswith("/") else work / target
            if start.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(start, end, ignore=None if origin else ignored, symlinks=True)
                continue
            if target.endswith("/"):
                end /= start.name
            end.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(start, end)

    def _run(self, step: Step, work: Path, leave_out: tuple[str, ...]) -> None:
        if step.text.startswith(leave_out):
            self.skipped.append(step.text)
            return
        text = step.text
        for path in _ROOTS:
            text = text.replace(path, str(self._inside(path)))
        # The tools of the builder's image are those of the environment that runs the tests.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = os.environ | {"PATH": path}
        if "PIP_INDEX_URL" in env:
            env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])
        done = subprocess.run(
            ["sh", "-c", text], cwd=work, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stderr}"
