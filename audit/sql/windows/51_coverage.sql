-- Rows of `coverage`, after 41_panes. Parameters: those of 50_performance.

-- Of each recipient and group what it ate in each 15m and 1h window. `w`: (window, pane or day at its end, how many).
CREATE OR REPLACE TABLE coverage_parts ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    recipient,
    kec,
    grp,
    arrayJoin(arrayConcat(
        arrayMap(end -> ('15m', toUInt32(end), toUInt32(3)), range(pane + 1, pane + 4)),
        arrayMap(end -> ('1h', toUInt32(end), toUInt32(12)), range(pane + 1, pane + 13))
    )) AS w,
    sum(eaten) AS eaten,
    toUInt64(0) AS target,
    toUInt8(1) AS event,
    toUInt8(0) AS silent
FROM meal_panes
WHERE day BETWEEN {first:Date} - 1 AND {last:Date}
GROUP BY recipient, kec, grp, w;

-- And in each window of days, with what is registered in the group (and in all) on a service day.
INSERT INTO coverage_parts
SELECT
    recipient,
    kec,
    grp,
    arrayJoin(arrayFlatten(arrayMap(
        n -> arrayMap(end -> (concat(toString(n), 'd'), toUInt32(end), toUInt32(n)), range(
            toUInt32(greatest(day, {first:Date})), toUInt32(least(day + n - 1, {last:Date})) + 1
        )), [1, 7, 30]
    ))) AS w,
    sum(one.eaten),
    sum(one.target),
    max(one.event),
    maxIf(one.silent, toUInt32(day) = w.2)
FROM
(
    SELECT recipient, kec, grp, day, sum(eaten) AS eaten, 0 AS target, 1 AS event, 0 AS silent
    FROM meal_panes
    WHERE day BETWEEN {first:Date} - 29 AND {last:Date}
    GROUP BY recipient, kec, grp, day
    UNION ALL
    SELECT recipient_id, kec, grp, day, 0, arraySum(g -> if(grp IN ('all', g.1), g.2, 0), served), 0, 1
    FROM recipient_days
    ARRAY JOIN arrayPushBack(arrayMap(g -> g.1, registered), 'all') AS grp
    WHERE day BETWEEN {first:Date} - 29 AND {last:Date}
) AS one
GROUP BY recipient, kec, grp, w;

-- The rows: each recipient's sums at its own level, in the kecamatan that it was in, and once in the region. `eaten_here`,
-- `target_here`: what one recipient has in the area, to count recipients by.
CREATE OR REPLACE TABLE r_coverage ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    level,
    area AS area_id,
    `group`,
    w.1 AS window,
    w.1 IN ('15m', '1h') AS by_pane,
    if(by_pane, toDateTime((w.2 - w.3) * 300, 'UTC'), toDateTime(toDateTime(toDate(w.2 - w.3 + 1), {zone:String}), 'UTC')) AS window_start,
    if(by_pane, toDateTime(w.2 * 300, 'UTC'), toDateTime(toDateTime(toDate(w.2 + 1), {zone:String}), 'UTC')) AS window_end,
    toDate(window_end - 1, {zone:String}) AS day,
    if(by_pane, (w.2 - 1) * 300, toUnixTimestamp(toDateTime(toDate(w.2), {zone:String}))) * 1000 AS due,
    toUInt8(due <= {early:Int64}) AS sure,
    sum(eaten_here) AS eaten,
    if(by_pane, NULL, sum(target_here)) AS target,
    countIf(eaten_here > 0) AS recipients_served,
    if(by_pane, NULL, countIf(target_here > 0)) AS recipients_target
FROM
(
    SELECT
        a.1 AS level,
        a.2 AS area,
        grp AS `group`,
        w,
        sum(eaten) AS eaten_here,
        sum(target) AS target_here,
        max(event) AS event,
        max(silent AND level = 'recipient') AS silent
    FROM coverage_parts
    ARRAY JOIN [('recipient', recipient), ('kecamatan', kec), ('kabupaten', {region:String})] AS a
    GROUP BY level, area, recipient, `group`, w
    UNION ALL
    SELECT
        level,
        area,
        arrayJoin(['paud', 'sd', 'smp', 'sma', 'santri', 'guru', 'bumil', 'busui', 'balita', 'all']),
        arrayJoin(arrayMap(n -> (concat(toString(n), 'd'), toUInt32(day), toUInt32(n)), [1, 7, 30])),
        0,
        0,
        0,
        1
    FROM areas
    CROSS JOIN days
    WHERE day BETWEEN {first:Date} AND {last:Date}
)
GROUP BY level, area, `group`, w
HAVING day BETWEEN {first:Date} AND {last:Date}
    AND due <= {late:Int64}
    AND (max(event) OR max(silent) AND toDate(w.2) >= {silent_from:Date});
