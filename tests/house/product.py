"""The product's Python modules, by room, and its documents."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = (
    *(
        "contracts",
        "chassis",
        "producers",
        "streams",
        "storage",
        "sinks",
        "notices",
        "audit",
        "engines",
    ),
    *("dashboard_ws", "pantau", "bench"),
)


def modules(*rooms: str) -> list[Path]:
    """Every Python module of the rooms, of the product if none is named."""
    found = (path for room in rooms or ROOMS for path in (ROOT / room).rglob("*.py"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def module_name(path: Path) -> str:
    """Path below the project."""
    return path.relative_to(ROOT).as_posix()


def documents() -> list[Path]:
    """Every Markdown file that people read."""
    folders = (ROOT / "docs", ROOT / "deploy", ROOT / "bench" / "peers")
    found = (path for folder in folders for path in folder.rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *found])
