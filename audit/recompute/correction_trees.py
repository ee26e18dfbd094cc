"""Corrections (section 2 of the public contract): which facts count, once corrections and retractions are applied.

    nodes     facts as they are seen at some time; `parent`: the node that it corrects, 0 if that has not arrived or is out of reach
    trees     facts with what corrections make of them: counts, superseded_by, retracted

A node passes if it is no wrong correction (another type than its target), loses against no rival, and does
not correct a retraction. It is reached if it and all above it pass and a root is above it (a ring has
none). It counts if it is reached, corrected by none, and no retraction.
"""

from __future__ import annotations

from typing import Final

from audit.recompute.judged_lines import DAY_MS
from audit.scope import BEARING_DAYS
from audit.scratch import Scratch

_RETRACTION: Final = "'event.retracted'"


def _in_reach(one: str, other: str) -> str:
    """Neither's time is more than 30 days before the later receivedtime of the two."""
    return f"least({one}.t, {other}.t) >= greatest({one}.r, {other}.r) - {BEARING_DAYS * DAY_MS}"


def build(scratch: Scratch) -> None:
    """Make `trees` of `nodes` and `facts`."""
    _link(scratch)
    _climb(scratch)
    _settle(scratch)


def _link(scratch: Scratch) -> None:
    """Make `corrections`: of each node that corrects its `parent` and whether it is `wrong`; and `losers`."""
    scratch.make(
        "parents",
        "SELECT c.n AS n, argMax(p.n, (p.offset, p.line)) AS parent, argMax(p.type, (p.offset, p.line)) AS parent_type "
        "FROM {db}.nodes AS c JOIN {db}.nodes AS p ON p.source = c.source AND p.id = c.supersedes "
        f"WHERE c.supersedes != '' AND p.n != c.n AND {_in_reach('c', 'p')} GROUP BY n",
    )
    scratch.make(
        "corrections",
        "SELECT c.n AS n, c.source AS source, c.supersedes AS target, c.id AS id, c.t AS t, c.r AS r, c.rec AS rec, "
        "p.parent AS parent, p.parent_type AS parent_type, "
        f"p.parent != 0 AND c.type != p.parent_type AND c.type != {_RETRACTION} AND p.parent_type != {_RETRACTION} AS wrong "
        "FROM {db}.nodes AS c LEFT JOIN {db}.parents AS p ON p.n = c.n WHERE c.supersedes != ''",
    )
    scratch.make(
        "losers",
        "SELECT DISTINCT c.n AS n FROM {db}.corrections AS c "
        "JOIN {db}.corrections AS d ON d.source = c.source AND d.target = c.target "
        f"WHERE d.n != c.n AND NOT d.wrong AND {_in_reach('c', 'd')} AND (d.rec, d.id) > (c.rec, c.id)",
    )


def _climb(scratch: Scratch) -> None:
    """Make `climbed`: of each node whether it is reached, and the `top` above it; halves the way at each step."""
    scratch.make(
        "climbed",
        "SELECT n.n AS n, if(c.wrong, 0, c.parent) AS up, if(up = 0, n.n, up) AS top, "
        f"NOT c.wrong AND c.parent_type != {_RETRACTION} AND n.n NOT IN (SELECT n FROM {{db}}.losers) AS reached "
        "FROM {db}.nodes AS n LEFT JOIN {db}.corrections AS c ON c.n = n.n",
    )
    members = int(scratch.value("SELECT count() FROM {db}.climbed WHERE up != 0"))
    for _ in range(members.bit_length() + 1):
        if not scratch.value("SELECT count() FROM {db}.climbed WHERE up != 0"):
            break
        scratch.make(
            "next",
            "SELECT a.n AS n, b.up AS up, if(a.up = 0, a.top, b.top) AS top, "
            "a.reached AND (a.up = 0 OR b.reached) AS reached "
            "FROM {db}.climbed AS a LEFT JOIN {db}.climbed AS b ON b.n = a.up",
        )
        scratch.run("EXCHANGE TABLES {db}.next AND {db}.climbed")


def _settle(scratch: Scratch) -> None:
    """Make `trees`: facts with `counts`, `superseded_by`, `retracted`."""
    scratch.make(
        "settled",
        "SELECT n.fact AS fact, n.view AS view, n.id AS own, "
        # A pointer that never came to a top goes round in a ring.
        "c.reached AND c.up = 0 AS reached, "
        f"reached AND n.type != {_RETRACTION} AND n.n NOT IN (SELECT parent FROM {{db}}.corrections WHERE NOT wrong) AS counts, "
        f"reached AND n.type = {_RETRACTION} AS ends, "
        # Below a wrong correction is nothing that could count instead.
        "if(t.supersedes = '' OR t.n IN (SELECT n FROM {db}.corrections WHERE wrong), cityHash64(t.n), "
        "cityHash64(t.source, t.supersedes, 'missing')) AS tree "
        "FROM {db}.nodes AS n JOIN {db}.climbed AS c ON c.n = n.n JOIN {db}.nodes AS t ON t.n = c.top",
    )
    scratch.make(
        "outcomes",
        "SELECT w.fact AS fact, w.own AS own, w.tree AS tree, w.ends AS ends, v.counts AS counts "
        "FROM (SELECT * FROM {db}.settled WHERE view = 0) AS w "
        "JOIN (SELECT fact, argMax(counts, view) AS counts FROM {db}.settled WHERE view IN (0, fact) GROUP BY fact) AS v "
        "ON v.fact = w.fact",
    )
    scratch.make(
        "trees",
        "SELECT f.*, s.counts AS counts, if(s.counts, '', if(length(e.counting) = 1, e.counting[1], '')) AS superseded_by, "
        "NOT s.counts AND empty(e.counting) AND e.ended AS retracted, "
        # Two events of one id that do not bear on each other have one row of status between them.
        "count() OVER (PARTITION BY f.source, f.id) = 1 AS single, single AND length(e.counting) <= 1 AS clear "
        "FROM {db}.facts AS f JOIN (SELECT fact, tree AS s_tree, counts FROM {db}.outcomes) AS s ON s.fact = f.n JOIN ("
        "SELECT tree AS one_tree, groupArrayIf(own, counts) AS counting, max(ends) AS ended FROM {db}.outcomes GROUP BY one_tree"
        ") AS e ON e.one_tree = s.s_tree",
    )
