-- Rows of `performance` stored and recomputed, into `compared`, after 50_performance. Parameters:
--   region    String       region code
--   first, last Date       local days of the rows, both inclusive
--   revisions UInt64       a revision's remainder by it is the position at which the row changed last

-- `moving`: the row changed after the cut, so it is not compared. `bad`: cells that differ, (column, stored, recomputed).
CREATE OR REPLACE TABLE compared ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    if(s.there, toString(s.level), r.level) AS level,
    if(s.there, toString(s.area_id), r.area_id) AS area_id,
    if(s.there, toString(s.window), r.window) AS window,
    if(s.there, s.window_start, r.window_start) AS window_start,
    if(s.there, s.window_end, r.window_end) AS window_end,
    '' AS grp,
    s.there AND s.revision % {revisions:UInt64} > if(s.level = 'unit', (SELECT sppg FROM cut)[bitAnd(kafkaMurmurHash(s.area_id), 2147483647) % greatest(1, length((SELECT sppg FROM cut))) + 1], (SELECT area FROM cut)) AS moving,
    multiIf(s.there = 0, if(r.sure, [('row', 'absent', 'present')], []), r.there = 0, [('row', 'present', 'absent')], arrayFilter(x -> x.2 != x.3, [
        ('portions_cooked', ifNull(toString(s.portions_cooked), 'null'), ifNull(toString(r.portions_cooked), 'null')),
        ('portions_dispatched', ifNull(toString(s.portions_dispatched), 'null'), ifNull(toString(r.portions_dispatched), 'null')),
        ('portions_received', ifNull(toString(s.portions_received), 'null'), ifNull(toString(r.portions_received), 'null')),
        ('portions_eaten', ifNull(toString(s.portions_eaten), 'null'), ifNull(toString(r.portions_eaten), 'null')),
        ('deliveries', ifNull(toString(s.deliveries), 'null'), ifNull(toString(r.deliveries), 'null')),
        ('deliveries_on_time', ifNull(toString(s.deliveries_on_time), 'null'), ifNull(toString(r.deliveries_on_time), 'null')),
        ('deliveries_over_4h', ifNull(toString(s.deliveries_over_4h), 'null'), ifNull(toString(r.deliveries_over_4h), 'null')),
        ('deliveries_over_6h', ifNull(toString(s.deliveries_over_6h), 'null'), ifNull(toString(r.deliveries_over_6h), 'null')),
        ('tests', ifNull(toString(s.tests), 'null'), ifNull(toString(r.tests), 'null')),
        ('tests_failed', ifNull(toString(s.tests_failed), 'null'), ifNull(toString(r.tests_failed), 'null')),
        ('temp_readings', ifNull(toString(s.temp_readings), 'null'), ifNull(toString(r.temp_readings), 'null')),
        ('temp_in_range', ifNull(toString(s.temp_in_range), 'null'), ifNull(toString(r.temp_in_range), 'null')),
        ('leftover_g', ifNull(toString(s.leftover_g), 'null'), ifNull(toString(r.leftover_g), 'null')),
        ('incidents', ifNull(toString(s.incidents), 'null'), ifNull(toString(r.incidents), 'null')),
        ('events', ifNull(toString(s.events), 'null'), ifNull(toString(r.events), 'null')),
        ('cook_to_receive_p50_min', ifNull(toString(s.cook_to_receive_p50_min), 'null'), ifNull(toString(r.cook_to_receive_p50_min), 'null')),
        ('cook_to_receive_p95_min', ifNull(toString(s.cook_to_receive_p95_min), 'null'), ifNull(toString(r.cook_to_receive_p95_min), 'null')),
        ('cook_to_receive_max_min', ifNull(toString(s.cook_to_receive_max_min), 'null'), ifNull(toString(r.cook_to_receive_max_min), 'null')),
        ('portions_target', ifNull(toString(s.portions_target), 'null'), ifNull(toString(r.portions_target), 'null')),
        ('window_start', ifNull(toString(s.window_start), 'null'), ifNull(toString(r.window_start), 'null')),
        ('day', ifNull(toString(s.day), 'null'), ifNull(toString(r.day), 'null'))
    ])) AS bad
FROM
(
    SELECT toUInt8(1) AS there, * FROM pantau.performance WHERE region = {region:String} AND day BETWEEN {first:Date} AND {last:Date}
) AS s
FULL OUTER JOIN (SELECT toUInt8(1) AS there, * FROM r_performance) AS r ON s.level = r.level AND s.area_id = r.area_id AND s.window = r.window AND s.window_end = r.window_end;
