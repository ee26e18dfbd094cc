"""Identity (section 2 of the public contract), for the few events that have a copy or a correction.

All other events count as they are, so only *suspects* are judged one by one:

    plain     (source, id) of which all copies say the same, in one partition and in time: the first is new, the others duplicates
    keys      (source, id) that correct, that are corrected, or that occur twice in any other way
    suspects  their lines, with a verdict each: refused, new, duplicate, conflict
    facts     the new ones, of which `correction_nodes` and `correction_trees` make `trees`
"""

from __future__ import annotations

from typing import Final

from audit.recompute import correction_nodes, correction_trees
from audit.recompute.judged_lines import AHEAD_MS, DAY_MS, PLACE, judged, lines_of
from audit.scope import BEARING_DAYS, Scope
from audit.scratch import Scratch
from storage.schema import STORE


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
    correction_nodes.build(scratch)
    correction_trees.build(scratch)


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
