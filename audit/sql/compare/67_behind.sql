-- Ids of events in the windows of the first rows of `compared` that differ: (level, area, window, its end, group, ids), those with
-- copies or corrections first, at most `most` a row. After 63_performance .. 66_reception. Parameters:
--   region String          region code
--   zone   String          its time zone
--   view   String          whose rows they are
--   begin, end DateTime    all their windows lie between
--   rows   UInt32          of how many rows
--   most   UInt32          how many events are listed of each

SELECT
    level,
    area_id,
    window,
    window_end,
    grp,
    -- Of more copies than these not all ids may be listed; a whole month of ids would take memory.
    arraySlice(arrayDistinct(arrayMap(x -> x.3, groupArraySorted(1000)((alone, t, id)))), 1, {most:UInt32}) AS ids
FROM
(
    SELECT id, alone, t, type, unit_id, kitchen, subject, kec, rkec
    FROM judged(region = {region:String}, zone = {zone:String}, first = toDate({begin:DateTime('UTC')}), last = toDate({end:DateTime('UTC')}))
    WHERE code = ''
        AND multiIf(
            {view:String} = 'coverage', type = 'sppg.meal.eaten',
            {view:String} = 'performance', startsWith(type, 'sppg.'),
            {view:String} = 'clinic_coverage', startsWith(type, 'clinic.'),
            startsWith(type, 'recipient.')
        )
) AS l
CROSS JOIN
(
    SELECT level, area_id, window, window_start, window_end, grp
    FROM compared
    WHERE NOT moving AND notEmpty(bad)
    ORDER BY level, area_id, window, window_end, grp
    LIMIT {rows:UInt32}
) AS c
WHERE t >= toUnixTimestamp(window_start) * 1000
    AND t < toUnixTimestamp(window_end) * 1000
    AND area_id = multiIf(
        level = 'kabupaten', area_id,
        level = 'kecamatan', if({view:String} = 'coverage', rkec, kec),
        {view:String} = 'coverage', subject,
        {view:String} = 'reception' AND level = 'unit', kitchen,
        unit_id
    )
GROUP BY level, area_id, window, window_end, grp;
