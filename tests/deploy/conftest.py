"""The image's tree, made once for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.image import make_tree


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root of the image."""
    return make_tree(tmp_path_factory.mktemp("image"))
