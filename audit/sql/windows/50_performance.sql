-- Rows of `performance`, after 41_panes. Parameters:
--   region String          region code
--   zone   String          its time zone
--   first, last Date       local days of the rows, both inclusive
--   silent_from Date       from this day on rows exist in silence
--   early, late Int64      epoch ms: rows due by `early` must exist (`sure`), rows due by `late` may

-- What day windows are summed from: days with events, and what is registered on a day. A row exists on the last day of a
-- window if it has an event in it or is `silent` on that day. A clinic outside its region has no kecamatan.
CREATE OR REPLACE TABLE performance_days
(
    level String,
    area String,
    day Date,
    event UInt8,
    silent UInt8,
    target UInt64,
    portions_cooked UInt64,
    portions_dispatched UInt64,
    portions_received UInt64,
    portions_eaten UInt64,
    deliveries UInt64,
    deliveries_on_time UInt64,
    deliveries_over_4h UInt64,
    deliveries_over_6h UInt64,
    tests UInt64,
    tests_failed UInt64,
    temp_readings UInt64,
    temp_in_range UInt64,
    leftover_g UInt64,
    incidents UInt64,
    events UInt64,
    minutes Array(UInt32)
)
ENGINE = Memory SETTINGS compress = 1;

INSERT INTO performance_days
SELECT
    a.1,
    a.2,
    day,
    1,
    0,
    0,
    sum(portions_cooked),
    sum(portions_dispatched),
    sum(portions_received),
    sum(portions_eaten),
    sum(deliveries),
    sum(deliveries_on_time),
    sum(deliveries_over_4h),
    sum(deliveries_over_6h),
    sum(tests),
    sum(tests_failed),
    sum(temp_readings),
    sum(temp_in_range),
    sum(leftover_g),
    sum(incidents),
    sum(events),
    groupArrayArray(minutes)
FROM kitchen_panes
ARRAY JOIN arrayFilter(x -> x.2 != '', [('unit', unit_id), ('kecamatan', kec), ('kabupaten', {region:String})]) AS a
WHERE day BETWEEN {first:Date} - 29 AND {last:Date}
GROUP BY a, day;

-- What is registered at a kitchen's recipients on a service day.
INSERT INTO performance_days (level, area, day, target)
SELECT a.1, a.2, day, sum(arraySum(g -> g.2, served))
FROM recipient_days
ARRAY JOIN [('unit', kitchen), ('kecamatan', kitchen_kec), ('kabupaten', {region:String})] AS a
WHERE counts AND kitchen_kind = 'sppg' AND day BETWEEN {first:Date} - 29 AND {last:Date}
GROUP BY a, day;

INSERT INTO performance_days (level, area, day, silent)
SELECT 'unit', unit_id, day, 1 FROM unit_days WHERE kind = 'sppg' AND day BETWEEN {first:Date} - 29 AND {last:Date}
UNION ALL
SELECT level, area, day, 1 FROM areas CROSS JOIN days WHERE day BETWEEN {first:Date} - 29 AND {last:Date};

-- The rows. `w`: (window, pane or day at its end, how many).
CREATE OR REPLACE TABLE r_performance ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    level,
    area AS area_id,
    w.1 AS window,
    w.1 IN ('15m', '1h') AS by_pane,
    if(by_pane, toDateTime((w.2 - w.3) * 300, 'UTC'), toDateTime(toDateTime(toDate(w.2 - w.3 + 1), {zone:String}), 'UTC')) AS window_start,
    if(by_pane, toDateTime(w.2 * 300, 'UTC'), toDateTime(toDateTime(toDate(w.2 + 1), {zone:String}), 'UTC')) AS window_end,
    toDate(window_end - 1, {zone:String}) AS day,
    if(by_pane, (w.2 - 1) * 300, toUnixTimestamp(toDateTime(toDate(w.2), {zone:String}))) * 1000 AS due,
    toUInt8(due <= {early:Int64}) AS sure,
    sum(rows.portions_cooked) AS portions_cooked,
    sum(rows.portions_dispatched) AS portions_dispatched,
    sum(rows.portions_received) AS portions_received,
    sum(rows.portions_eaten) AS portions_eaten,
    if(by_pane, NULL, sum(target)) AS portions_target,
    sum(rows.deliveries) AS deliveries,
    sum(rows.deliveries_on_time) AS deliveries_on_time,
    sum(rows.deliveries_over_4h) AS deliveries_over_4h,
    sum(rows.deliveries_over_6h) AS deliveries_over_6h,
    if(sum(length(minutes)) = 0, NULL, quantileExactArray(0.5)(minutes)) AS cook_to_receive_p50_min,
    if(sum(length(minutes)) = 0, NULL, quantileExactArray(0.95)(minutes)) AS cook_to_receive_p95_min,
    if(sum(length(minutes)) = 0, NULL, maxArray(minutes)) AS cook_to_receive_max_min,
    sum(rows.tests) AS tests,
    sum(rows.tests_failed) AS tests_failed,
    sum(rows.temp_readings) AS temp_readings,
    sum(rows.temp_in_range) AS temp_in_range,
    sum(rows.leftover_g) AS leftover_g,
    sum(rows.incidents) AS incidents,
    sum(rows.events) AS events
FROM
(
    SELECT
        a.1 AS level,
        a.2 AS area,
        1 AS event,
        0 AS silent,
        toUInt64(0) AS target,
        * EXCEPT (day, pane, unit_id, kec),
        arrayJoin(arrayConcat(
            arrayMap(end -> ('15m', toUInt32(end), toUInt32(3)), range(pane + 1, pane + 4)),
            arrayMap(end -> ('1h', toUInt32(end), toUInt32(12)), range(pane + 1, pane + 13))
        )) AS w
    FROM kitchen_panes
    ARRAY JOIN arrayFilter(x -> x.2 != '', [('unit', unit_id), ('kecamatan', kec), ('kabupaten', {region:String})]) AS a
    WHERE day BETWEEN {first:Date} - 1 AND {last:Date}
    UNION ALL
    SELECT
        level,
        area,
        event,
        silent AND toUInt32(day) = w.2,
        target,
        * EXCEPT (level, area, day, event, silent, target),
        arrayJoin(arrayFlatten(arrayMap(
            n -> arrayMap(end -> (concat(toString(n), 'd'), toUInt32(end), toUInt32(n)), range(
                toUInt32(greatest(day, {first:Date})), toUInt32(least(day + n - 1, {last:Date})) + 1
            )), [1, 7, 30]
        ))) AS w
    FROM performance_days
) AS rows
GROUP BY level, area, w
HAVING day BETWEEN {first:Date} AND {last:Date}
    AND due <= {late:Int64}
    AND (max(event) OR max(silent) AND toDate(w.2) >= {silent_from:Date});
