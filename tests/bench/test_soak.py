"""What the page of `bench.soak` says of the wall's totals."""

from __future__ import annotations

from bench.soak.soak_report import Sample, WallCheck, write

WALL = {
    "portions_cooked": 4,
    "portions_dispatched": 3,
    "portions_received": 2,
    "portions_eaten": 1_000,
}


def test_totals_that_were_true_at_no_moment_stand_out() -> None:
    checks = [WallCheck(9_000, 1_000, WALL, 1_000), WallCheck(9_000, 1_000, WALL, 3_500), WallCheck(9_000, 1_000, WALL, None)]  # fmt: skip
    samples = [Sample(0, 1_400, 10), Sample(60_000, 1_500, 11), Sample(120_000, 1_450, 12)]
    page = write(samples, checks, 2, "here", "now", lambda ms: f"at {ms}")
    listed = [line.split(" | ")[-1].rstrip(" |") for line in page.splitlines() if "1,000 |" in line]
    assert listed == ["as_of", "as_of + 2 s", "AT NO MOMENT"]
    assert "its greatest: 1,500 MB" in page
    assert "| at 0 | 1,400 | 10 |\n| at 120000 | 1,450 | 12 |" in page
