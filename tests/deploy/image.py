"""The image's tree, made in a scratch folder by the Dockerfile's own steps."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.deploy.dockerfile import Scratch, read

REPO: Final = Path(__file__).parents[2]
STAGES: Final = {stage.name: stage for stage in read(REPO / "deploy" / "Dockerfile")}
_NOT_HERE: Final = ("groupadd ", "pip install ")
"""Needs root; installs the uv that the tests have already."""


def make_tree(folder: Path) -> Path:
    """Root of the image. The page of the wall is an empty one: `make test` builds and tries the real one."""
    scratch = Scratch(folder, REPO)
    wall = scratch.aside("wall") / "wall" / "dist"
    wall.mkdir(parents=True)
    (wall / "index.html").write_text("<!doctype html>")
    (wall / "version.json").write_text('{"build": "scratch"}')
    scratch.run(STAGES["packages"], _NOT_HERE)
    scratch.end(STAGES["packages"])
    scratch.run(STAGES["pantau"], _NOT_HERE)
    assert len(scratch.skipped) == len(_NOT_HERE)
    return scratch.root
