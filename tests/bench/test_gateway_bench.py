"""`bench.gateway`: its frames have the size that its page states, and the page says what was measured."""

from __future__ import annotations

import msgspec
import pytest

from bench.gateway.__main__ import rows_of
from bench.gateway.frame_clients import MARK
from bench.gateway.gateway_report import GatewayRow, SendCost, write
from dashboard_ws.gateway.live.region_map import MapPosition, Update
from dashboard_ws.gateway.protocol import wire


@pytest.mark.parametrize("size", [1_000, 8_000])
def test_a_frame_is_as_large_as_it_states_and_ends_with_its_mark(size: int) -> None:
    rows = [msgspec.json.encode(row) for row in rows_of(17, size)]
    text = wire.delta(Update(MapPosition("bench", 17), 16, rows, [])).text
    assert 0.85 < len(text) / size < 1.15
    assert text[text.rfind(MARK) + len(MARK) :].startswith("17}")


def test_the_page_compares_the_two() -> None:
    row = GatewayRow(1_000, 200, SendCost(20.0, [0.1, 0.2]), SendCost(15.0, [0.1]))
    page = write("python -m bench.gateway", "a machine", "2026-11-29T05:00:00Z", 0.3, 40, [row])
    assert "| 1,000 | 200 | 20.0 | 15.0 | 0.75 | 200 | 200 | 100 |" in page
