"""Identity and corrections (section 2 of the public contract), for the few events that have a copy or a correction.

All other events count as they are, so only *suspects* are looked at one by one:

    plain     (source, id) of which all copies say the same, in one partition and in time: the first is new, the others duplicates
    keys      (source, id) that correct, that are corrected, or that occur twice in any other way
    suspects  their lines, with a verdict each: refused, new, duplicate, conflict
    facts     the new ones
    nodes     facts as they are seen at some time; `parent`: the node that it corrects, 0 if that has not arrived or does not bear on it
    trees     facts with what corrections make of them: counts, superseded_by, retracted

A node passes if it is no wrong correction (another type than its target), loses against no rival, and does
not correct a retraction. It is reached if it and all above it pass and a root is above it (a ring has
none). It counts if it is reached, corrected by none, and no retraction.
"""

from __future__ import annotations

from typing import Final

from audit.recompute.judged_lines import AHEAD_MS, DAY_MS, PLACE, judged, lines_of
from audit.scope import BEARING_DAYS, Scope
from audit.scratch import Scratch
from storage.same_event import KEY
from storage.schema import STORE

_RETRACTION: Final = "'event.retracted'"


def _in_reach(one: str, other: str) -> str:
    """Neither's time is more than 30 days before the later receivedtime of the two."""
    return f"least({one}.t, {other}.t) >= greatest({one}.r, {other}.r) - {BEARING_DAYS * DAY_MS}"


def build(scratch: Scratch, scope: Scope) -> None:
    """Make `plain`, `keys`, `odd` (both), `suspects` and `trees`."""
    _find_keys(scratch, scope)
    first, last = scope.reach()
    lines = lines_of(
        scope, first, last, extra=", content", prewhere="event_key IN (SELECT key FROM {db}.keys)"
    )
    scratch.make("lines", f"SELECT * FROM ({judged(scope, lines)}) LIMIT 1 BY {PLACE}")
    scratch.make("verdicts", _VERDICTS)
    scratch.make(
        "suspects",
        "SELECT l.*, if(l.code != '', 'refused', v.verdict) AS verdict FROM {db}.lines AS l "
        "LEFT JOIN {db}.verdicts AS v ON v.place = (toString(l.topic), l.partition, l.offset, l.line)",
    )
    scratch.make(
        "facts",
        "SELECT rowNumberInAllBlocks() + 1 AS n, * FROM (SELECT * FROM {db}.suspects WHERE verdict = 'new')",
    )
    _join_groups(scratch)
    _make_views(scratch)
    _link(scratch)
    _climb(scratch)
    _settle(scratch)


def _find_keys(scratch: Scratch, scope: Scope) -> None:
    first, last = scope.reach()
    # Sorted and laid beside each other: a hash table of a month of keys would be several times slower and larger.
    scratch.make(
        "twice",
        "SELECT DISTINCT arrayJoin(arrayFilter((k, d) -> d = 0, arrayPopFront(keys), arrayPopFront(arrayDifference(keys)))) AS key "
        f"FROM (SELECT arraySort(groupArray(event_key)) AS keys {scope.raw(first, last)} GROUP BY unit_id)",
    )
    scratch.make(
        "tied",
        f"SELECT DISTINCT arrayJoin([event_key, cityHash64(source, supersedes)]) AS key FROM {STORE}.raw_lines "
        f"PREWHERE supersedes != '' WHERE region = {scope.region_sql} AND parsed = 1 AND {scope.below_cut()}",
    )
    scratch.make(
        "copies",
        f"SELECT event_key AS key, content, {PLACE}, toUnixTimestamp64Milli(time) AS t, toUnixTimestamp64Milli(received_at) AS r "
        f"{scope.raw(first, last, 'event_key IN (SELECT key FROM {db}.twice)')} AND event_key NOT IN (SELECT key FROM {{db}}.tied)",
    )
    # One content, one partition and times that no rule divides: what holds for one copy holds for all.
    scratch.make(
        "plain",
        "SELECT key, min((offset, line)) AS first FROM {db}.copies GROUP BY key "
        f"HAVING count() = uniqExact({PLACE}) AND uniqExact(content, topic, partition) = 1 "
        f"AND min(t) - min(r) <= {AHEAD_MS} AND max(r) - min(t) <= {BEARING_DAYS * DAY_MS}",
    )
    scratch.make(
        "keys",
        "SELECT key FROM {db}.tied UNION ALL SELECT key FROM {db}.twice "
        "WHERE key NOT IN (SELECT key FROM {db}.plain) AND key NOT IN (SELECT key FROM {db}.tied)",
    )
    scratch.make("odd", "SELECT key FROM {db}.keys UNION ALL SELECT key FROM {db}.plain")


# By position: an event in reach of the last new one is its copy, any other one is new.
_VERDICTS: Final = f"""
SELECT place, verdict FROM (
    SELECT arrayJoin(arrayZip(arrayMap(x -> x.4, lines), arrayFold(
        (acc, x) -> if(
            acc.5 AND least(acc.2, x.1) >= greatest(acc.3, x.2) - {BEARING_DAYS * DAY_MS},
            (arrayPushBack(acc.1, if(acc.4 = x.3, 'duplicate', 'conflict')), acc.2, acc.3, acc.4, acc.5),
            (arrayPushBack(acc.1, 'new'), x.1, x.2, x.3, toUInt8(1))),
        lines, (emptyArrayString(), toInt64(0), toInt64(0), toUInt64(0), toUInt8(0))).1)) AS one,
        one.1 AS place, one.2 AS verdict
    FROM (
        SELECT arraySort(x -> (x.4.3, x.4.4), groupArray((t, r, content, (toString(topic), partition, offset, line)))) AS lines
        FROM {{db}}.lines WHERE code = '' GROUP BY source, id
    )
)"""


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
