-- Rows of `reception` stored and recomputed, into `compared`, after 53_reception. Parameters and columns: those of 63_performance.

CREATE OR REPLACE TABLE compared ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    if(s.there, toString(s.level), r.level) AS level,
    if(s.there, toString(s.area_id), r.area_id) AS area_id,
    if(s.there, toString(s.window), r.window) AS window,
    if(s.there, s.window_start, r.window_start) AS window_start,
    if(s.there, s.window_end, r.window_end) AS window_end,
    '' AS grp,
    s.there AND s.revision % {revisions:UInt64} > if(s.level = 'recipient', (SELECT recipient FROM cut)[bitAnd(kafkaMurmurHash(s.area_id), 2147483647) % greatest(1, length((SELECT recipient FROM cut))) + 1], (SELECT area FROM cut)) AS moving,
    multiIf(s.there = 0, if(r.sure, [('row', 'absent', 'present')], []), r.there = 0, [('row', 'present', 'absent')], arrayFilter(x -> x.2 != x.3, [
        ('checks', ifNull(toString(s.checks), 'null'), ifNull(toString(r.checks), 'null')),
        ('portions_confirmed', ifNull(toString(s.portions_confirmed), 'null'), ifNull(toString(r.portions_confirmed), 'null')),
        ('portions_refused', ifNull(toString(s.portions_refused), 'null'), ifNull(toString(r.portions_refused), 'null')),
        ('senses_failed', ifNull(toString(s.senses_failed), 'null'), ifNull(toString(r.senses_failed), 'null')),
        ('eaten_confirmed', ifNull(toString(s.eaten_confirmed), 'null'), ifNull(toString(r.eaten_confirmed), 'null')),
        ('leftover_confirmed_g', ifNull(toString(s.leftover_confirmed_g), 'null'), ifNull(toString(r.leftover_confirmed_g), 'null')),
        ('present', ifNull(toString(s.present), 'null'), ifNull(toString(r.present), 'null')),
        ('absent_ill', ifNull(toString(s.absent_ill), 'null'), ifNull(toString(r.absent_ill), 'null')),
        ('ill_noticed', ifNull(toString(s.ill_noticed), 'null'), ifNull(toString(r.ill_noticed), 'null')),
        ('declined', ifNull(toString(s.declined), 'null'), ifNull(toString(r.declined), 'null')),
        ('reporting', ifNull(toString(s.reporting), 'null'), ifNull(toString(r.reporting), 'null')),
        ('events', ifNull(toString(s.events), 'null'), ifNull(toString(r.events), 'null')),
        ('window_start', ifNull(toString(s.window_start), 'null'), ifNull(toString(r.window_start), 'null')),
        ('day', ifNull(toString(s.day), 'null'), ifNull(toString(r.day), 'null'))
    ])) AS bad
FROM
(
    SELECT toUInt8(1) AS there, * FROM pantau.reception WHERE region = {region:String} AND day BETWEEN {first:Date} AND {last:Date}
) AS s
FULL OUTER JOIN (SELECT toUInt8(1) AS there, * FROM r_reception) AS r ON s.level = r.level AND s.area_id = r.area_id AND s.window = r.window AND s.window_end = r.window_end;
