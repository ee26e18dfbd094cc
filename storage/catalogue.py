"""`python -m storage.catalogue`: write docs/data-catalogue.md, the views that analysts see."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts.results.columns import Column
from contracts.results.event_data import DATA_PATHS
from storage.views import PUBLIC, VIEWS, View

PATH: Final = Path(__file__).parents[1] / "docs" / "data-catalogue.md"

_HEAD: Final = f"""# Data catalogue

Made by `python -m storage.catalogue` from the definitions that the views are made from: do not edit.
Every view lies in database `{PUBLIC}` and shows one row per current truth.
How to connect: [analysts.md](analysts.md).
"""
_DATA: Final = """Paths of `data` (`data.portions`, `data.eaten.sd`); a scalar is null where the event has
no such field:

"""


def _row(column: Column) -> str:
    kind = "JSON, see below" if column.name == "data" else f"`{column.type}`"
    return f"| `{column.name}` | {kind} | {column.doc.replace('|', chr(92) + '|')} |"


def _section(view: View) -> str:
    rows = "\n".join(_row(column) for column in view.columns)
    body = f"## {view.name}\n\n{view.doc}.\n\n| column | type | meaning |\n|---|---|---|\n{rows}\n"
    if any(column.name == "data" for column in view.columns):
        paths = "\n".join(f"| `{path}` | `{kind}` |" for path, kind in DATA_PATHS.items())
        body += f"\n{_DATA}| path | type |\n|---|---|\n{paths}\n"
    return body


def render() -> str:
    """The document, Markdown."""
    return "\n".join([_HEAD, *(_section(view) for view in VIEWS)])


def main() -> None:
    """Write the document."""
    PATH.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
