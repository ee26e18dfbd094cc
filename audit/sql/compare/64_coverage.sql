-- Rows of `coverage` stored and recomputed, into `compared`, after 51_coverage. Parameters and columns: those of 63_performance.

CREATE OR REPLACE TABLE compared ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    if(s.there, toString(s.level), r.level) AS level,
    if(s.there, toString(s.area_id), r.area_id) AS area_id,
    if(s.there, toString(s.window), r.window) AS window,
    if(s.there, s.window_start, r.window_start) AS window_start,
    if(s.there, s.window_end, r.window_end) AS window_end,
    if(s.there, toString(s.`group`), r.`group`) AS grp,
    s.there AND s.revision % {revisions:UInt64} > (SELECT area FROM cut) AS moving,
    multiIf(s.there = 0, if(r.sure, [('row', 'absent', 'present')], []), r.there = 0, [('row', 'present', 'absent')], arrayFilter(x -> x.2 != x.3, [
        ('eaten', ifNull(toString(s.eaten), 'null'), ifNull(toString(r.eaten), 'null')),
        ('target', ifNull(toString(s.target), 'null'), ifNull(toString(r.target), 'null')),
        ('recipients_served', ifNull(toString(s.recipients_served), 'null'), ifNull(toString(r.recipients_served), 'null')),
        ('recipients_target', ifNull(toString(s.recipients_target), 'null'), ifNull(toString(r.recipients_target), 'null')),
        ('window_start', ifNull(toString(s.window_start), 'null'), ifNull(toString(r.window_start), 'null')),
        ('day', ifNull(toString(s.day), 'null'), ifNull(toString(r.day), 'null'))
    ])) AS bad
FROM
(
    SELECT toUInt8(1) AS there, * FROM pantau.coverage WHERE region = {region:String} AND day BETWEEN {first:Date} AND {last:Date}
) AS s
FULL OUTER JOIN (SELECT toUInt8(1) AS there, * FROM r_coverage) AS r ON s.level = r.level AND s.area_id = r.area_id AND s.window = r.window AND s.window_end = r.window_end AND s.`group` = r.`group`;
