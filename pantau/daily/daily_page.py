"""One A4 page in black and white, as HTML that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import Final

from pantau.daily.daily_content import DayContent, DaySection, DayTable

_STYLE: Final = """
@page { size: A4; margin: 10mm 12mm }
* { box-sizing: border-box }
body { font: 8.5pt/1.2 "Liberation Sans", Arial, sans-serif; color: #000; background: #fff; width: 186mm; margin: 0 auto; padding: 0 }
h1 { font-size: 18pt; margin: 0 } h2 { font-size: 12pt; margin: 2mm 0 .5mm; border-bottom: 1px solid #000 }
.mark { border: 2px solid #000; padding: 0 2mm; font-weight: bold; float: right }
table { width: 100%; border-collapse: collapse }
td, th { padding: .6mm 1.5mm; border-bottom: 1px solid #999; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; white-space: nowrap } .big td.n { font-size: 12pt; font-weight: bold }
small { font-size: 7.5pt } p { margin: .5mm 0 }
"""


def daily_page(content: DayContent) -> str:
    """The page."""
    parts = [
        f'<p class="mark">{content.mark}</p>' if content.mark else "",
        f"<h1>{escape(content.heading)}</h1>",
        f"<p>{escape(content.subtitle)}</p>",
        *map(_section, content.sections),
    ]
    return (
        f'<!doctype html>\n<html lang="id"><head><meta charset="utf-8"><title>{escape(content.title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def _section(section: DaySection) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    for block in section.blocks:
        if isinstance(block, DayTable):
            parts.append(_table(block))
        else:
            text = escape(block)
            parts.append(f"<p><small>{text}</small></p>" if section.is_small else f"<p>{text}</p>")
    return "\n".join(parts)


def _table(table: DayTable) -> str:
    rows = []
    for number, row in enumerate(table.rows):
        tag = "th" if table.has_head and number == 0 else "td"
        cells = (
            f'<{tag} class="n">{escape(cell)}</{tag}>'
            if place == "r"
            else f"<{tag}>{escape(cell)}</{tag}>"
            for place, cell in zip(table.columns, row, strict=True)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    opening = '<table class="big">' if table.is_big else "<table>"
    return f"{opening}{''.join(rows)}</table>"
