-- Rows of `clinic_coverage` stored and recomputed, into `compared`, after 52_clinic_coverage. Parameters and columns: those of 63_performance.

CREATE OR REPLACE TABLE compared ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    if(s.there, toString(s.level), r.level) AS level,
    if(s.there, toString(s.area_id), r.area_id) AS area_id,
    if(s.there, toString(s.window), r.window) AS window,
    if(s.there, s.window_start, r.window_start) AS window_start,
    if(s.there, s.window_end, r.window_end) AS window_end,
    '' AS grp,
    s.there AND s.revision % {revisions:UInt64} > if(s.level = 'unit', (SELECT clinic FROM cut)[bitAnd(kafkaMurmurHash(s.area_id), 2147483647) % greatest(1, length((SELECT clinic FROM cut))) + 1], (SELECT area FROM cut)) AS moving,
    multiIf(s.there = 0, if(r.sure, [('row', 'absent', 'present')], []), r.there = 0, [('row', 'present', 'absent')], arrayFilter(x -> x.2 != x.3, [
        ('children_measured', ifNull(toString(s.children_measured), 'null'), ifNull(toString(r.children_measured), 'null')),
        ('children_registered', ifNull(toString(s.children_registered), 'null'), ifNull(toString(r.children_registered), 'null')),
        ('children_stunted', ifNull(toString(s.children_stunted), 'null'), ifNull(toString(r.children_stunted), 'null')),
        ('children_wasted', ifNull(toString(s.children_wasted), 'null'), ifNull(toString(r.children_wasted), 'null')),
        ('children_immunized', ifNull(toString(s.children_immunized), 'null'), ifNull(toString(r.children_immunized), 'null')),
        ('doses_given', ifNull(toString(s.doses_given), 'null'), ifNull(toString(r.doses_given), 'null')),
        ('mothers_seen', ifNull(toString(s.mothers_seen), 'null'), ifNull(toString(r.mothers_seen), 'null')),
        ('mothers_anaemic', ifNull(toString(s.mothers_anaemic), 'null'), ifNull(toString(r.mothers_anaemic), 'null')),
        ('foodborne_cases', ifNull(toString(s.foodborne_cases), 'null'), ifNull(toString(r.foodborne_cases), 'null')),
        ('foodborne_counted', ifNull(toString(s.foodborne_counted), 'null'), ifNull(toString(r.foodborne_counted), 'null')),
        ('window_start', ifNull(toString(s.window_start), 'null'), ifNull(toString(r.window_start), 'null')),
        ('day', ifNull(toString(s.day), 'null'), ifNull(toString(r.day), 'null'))
    ])) AS bad
FROM
(
    SELECT toUInt8(1) AS there, * FROM pantau.clinic_coverage WHERE region = {region:String} AND day BETWEEN {first:Date} AND {last:Date}
) AS s
FULL OUTER JOIN (SELECT toUInt8(1) AS there, * FROM r_clinic_coverage) AS r ON s.level = r.level AND s.area_id = r.area_id AND s.window = r.window AND s.window_end = r.window_end;
