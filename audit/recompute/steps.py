"""The steps from landed lines to recomputed rows: which files of `audit/sql` run, in which order, with which days.

    lines/        registry, the cut, lines with their refusals, identity        tables suspects, facts
    corrections/  what counts, once corrections and retractions are applied    table trees
    windows/      events into panes, panes into rows                           tables r_performance, r_coverage, ...

What is counted by days is given in parts: days hold rows, and so take memory, without any line too.
"""

from __future__ import annotations

from typing import Final

from audit.recompute import growth
from audit.scope import DayRange, Scope, end_parameters
from audit.scratch import Scratch

_WINDOWS: Final = ("50_performance", "51_coverage", "52_clinic_coverage", "53_reception")


def find_facts(scratch: Scratch, scope: Scope) -> None:
    """Make all that does not depend on days: from the registry to `trees`, and empty tables for panes."""
    given = scope.parameters(scope.days)
    scratch.run("lines/10_registry", **given)
    load_rules(scratch, scope)
    growth.load(scratch)
    scratch.run("lines/12_judged")
    scratch.run("lines/20_copies", **given)
    _apply_corrections(scratch)
    scratch.run("windows/40_accepted")


def add_events(scratch: Scratch, scope: Scope, days: DayRange) -> None:
    """Put the events of `days` into the tables of panes."""
    scratch.run("windows/41_panes", **scope.parameters(days), near=scope.days.near)


def make_rows(scratch: Scratch, scope: Scope, days: DayRange) -> None:
    """Make the recomputed rows of `days`; `sure` is 1 for a row that must exist."""
    for name in _WINDOWS:
        scratch.run(f"windows/{name}", **scope.parameters(days))


def load_rules(scratch: Scratch, scope: Scope) -> None:
    """Make `cut` and `limits`."""
    limits = scope.limits
    scratch.run(
        "lines/11_rules",
        **end_parameters(scope.cut.lines),
        area=scope.cut.area,
        chiller_min_c=limits.chiller_min_c,
        chiller_max_c=limits.chiller_max_c,
        freezer_max_c=limits.freezer_max_c,
        hot_holding_min_c=limits.hot_holding_min_c,
    )


def _apply_corrections(scratch: Scratch) -> None:
    scratch.run("corrections/30_groups")
    changed = True
    while changed:
        scratch.run("corrections/31_group_step")
        changed = bool(scratch.value("SELECT n FROM group_changes"))
    scratch.run("corrections/32_nodes")
    climbing = int(scratch.value("SELECT count() FROM climbed WHERE up != 0"))
    # A pointer that never comes to a top goes round in a ring: the number of steps is bounded.
    for _ in range(climbing.bit_length() + 1):
        if not climbing:
            break
        scratch.run("corrections/33_climb_step")
        climbing = int(scratch.value("SELECT count() FROM climbed WHERE up != 0"))
    scratch.run("corrections/34_trees")
