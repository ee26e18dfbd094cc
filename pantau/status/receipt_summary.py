"""What the newest receipts say, in one line: for `pantau status` and for the status of a device."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.receipts import ReceiptState


def receipts_line(states: Sequence[ReceiptState | None]) -> str:
    """`20 tanda terima terakhir: semua di ClickHouse`, or how many wait and where. None: ingest does not say."""
    if not states:
        return "Tanda terima: belum ada"
    known = [one for one in states if one is not None]
    waiting = (
        (sum(not one.windows for one in known), "menunggu jendela"),
        (sum(one.windows and not one.clickhouse for one in known), "menunggu ClickHouse"),
        (len(states) - len(known), "belum diketahui"),
    )
    parts = [f"{count} {where}" for count, where in waiting if count]
    return f"{len(states)} tanda terima terakhir: {', '.join(parts) or 'semua di ClickHouse'}"
