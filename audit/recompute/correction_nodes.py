"""The facts that corrections join, as they are seen at some time: `nodes`, for `correction_trees`."""

from __future__ import annotations

from audit.recompute.judged_lines import DAY_MS
from audit.scope import BEARING_DAYS
from audit.scratch import Scratch
from storage.same_event import KEY


def build(scratch: Scratch) -> None:
    """Make `nodes` of `facts`."""
    _join_groups(scratch)
    _make_views(scratch)


def _join_groups(scratch: Scratch) -> None:
    """Make `groups`: a label for each (source, id), the same for all that corrections tie together."""
    scratch.make(
        "ties",
        f"SELECT DISTINCT {KEY} AS one, cityHash64(source, supersedes) AS other FROM {{db}}.facts WHERE supersedes != ''",
    )
    scratch.make(
        "groups",
        "SELECT DISTINCT key, key AS label FROM (SELECT arrayJoin([one, other]) AS key FROM {db}.ties)",
    )
    changed = 1
    while changed:
        scratch.make(
            "next",
            "SELECT key, min(label) AS label FROM (SELECT key, label FROM {db}.groups "
            "UNION ALL SELECT t.one, g.label FROM {db}.ties AS t JOIN {db}.groups AS g ON g.key = t.other "
            "UNION ALL SELECT t.other, g.label FROM {db}.ties AS t JOIN {db}.groups AS g ON g.key = t.one "
            "UNION ALL SELECT a.key, b.label FROM {db}.groups AS a JOIN {db}.groups AS b ON b.key = a.label) GROUP BY key",
        )
        changed = scratch.value(
            "SELECT countIf(a.label != b.label) FROM {db}.next AS a JOIN {db}.groups AS b ON b.key = a.key"
        )
        scratch.run("EXCHANGE TABLES {db}.next AND {db}.groups")


def _make_views(scratch: Scratch) -> None:
    """Make `nodes`: facts as each view sees them. View 0 sees all; view n only what was received up to 30 days
    after the time of fact n, for a row may be final by then: views are made for groups that took longer.

    `source` is made one of the view's own, so that views never mix.
    """
    scratch.make(
        "long",
        "SELECT f.n AS n, f.t AS t, f.r AS r, g.label AS label FROM {db}.facts AS f JOIN {db}.groups AS g "
        "ON g.key = cityHash64(f.source, f.id)",
    )
    seen = (
        "SELECT toUInt64(0) AS view, n AS fact FROM {db}.facts UNION ALL "
        "SELECT a.n, b.n FROM {db}.long AS a JOIN {db}.long AS b ON b.label = a.label "
        f"WHERE (b.n = a.n OR b.r <= a.t + {BEARING_DAYS * DAY_MS}) AND a.label IN ("
        f"SELECT label FROM {{db}}.long GROUP BY label HAVING max(r) > min(t) + {BEARING_DAYS * DAY_MS})"
    )
    scratch.make(
        "nodes",
        "SELECT rowNumberInAllBlocks() + 1 AS n, s.view AS view, s.fact AS fact, "
        "concat(f.source, '#', toString(s.view)) AS source, f.id AS id, f.type AS type, f.supersedes AS supersedes, "
        f"f.t AS t, f.r AS r, f.rec AS rec, f.offset AS offset, f.line AS line FROM ({seen}) AS s JOIN {{db}}.facts AS f ON f.n = s.fact",
    )
