-- Rows of `reception` from `recipient_events` (one row an accepted event; `c`: it counts), after 10_registry. Parameters:
--   region  String           region code
--   zone    String           its time zone
--   first, last Date         local days of the rows, both inclusive
--   silent_from Date         from this day on rows exist in silence
--   early, late Int64        epoch ms: rows due by `early` must exist (`sure`), rows due by `late` may

-- Of each area and recipient what its events of one local day amount to: in each 15m and 1h window, `slot` (window, pane
-- at its end, panes), and in the whole day ('day', day, 1), since longer windows hold whole days.
CREATE OR REPLACE TABLE reception_parts ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    a.1 AS level,
    a.2 AS area,
    slot,
    recipient,
    day,
    countIf(c AND type = 'recipient.delivery.checked') AS checks,
    sumIf(portions, c AND type = 'recipient.delivery.checked') AS portions_confirmed,
    sumIf(refused, c AND type = 'recipient.delivery.checked') AS portions_refused,
    countIf(c AND type = 'recipient.delivery.checked' AND NOT senses_passed) AS senses_failed,
    sumIf(eaten, c AND type = 'recipient.meal.eaten') AS eaten_confirmed,
    sumIf(leftover, c AND type = 'recipient.meal.eaten') AS leftover_confirmed_g,
    argMaxIf((present, absent_ill), (rec, id), c AND type = 'recipient.attendance.reported') AS attendance,
    sumIf(ill, c AND type = 'recipient.illness.noticed') AS ill_noticed,
    groupUniqArrayArrayIf(if(empty(groups), registered.1, groups), c AND type = 'recipient.service.declined') AS declined_groups,
    arraySum(g -> if(has(declined_groups, g.1), g.2, 0), any(registered)) AS declined,
    countIf(c) AS events
FROM
(
    SELECT
        e.* EXCEPT unit_id,
        e.unit_id AS recipient,
        if(r.counts, r.registered, []) AS registered,
        arrayConcat(
            [('day', toUInt32(e.day), toUInt32(1))],
            if(e.day < {first:Date} - 1, [], arrayConcat(
                arrayMap(end -> ('15m', toUInt32(end), toUInt32(3)), range(e.pane + 1, e.pane + 4)),
                arrayMap(end -> ('1h', toUInt32(end), toUInt32(12)), range(e.pane + 1, e.pane + 13))
            ))
        ) AS slots
    FROM recipient_events AS e
    LEFT JOIN recipient_days AS r ON r.day = e.day AND r.recipient_id = e.unit_id
    WHERE e.day BETWEEN {first:Date} - 29 AND {last:Date}
) AS said
ARRAY JOIN slots AS slot
ARRAY JOIN arrayFilter(x -> x.2 != '', [
    ('recipient', recipient), ('unit', kitchen), ('kecamatan', kec), ('kabupaten', {region:String})
]) AS a
GROUP BY level, area, slot, recipient, day;

-- The rows. `w`: (window, pane or day at its end, how many).
CREATE OR REPLACE TABLE r_reception ENGINE = Memory SETTINGS compress = 1 AS
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
    sum(rows.checks) AS checks,
    sum(rows.portions_confirmed) AS portions_confirmed,
    sum(rows.portions_refused) AS portions_refused,
    sum(rows.senses_failed) AS senses_failed,
    if(level = 'unit', NULL, sum(rows.eaten_confirmed)) AS eaten_confirmed,
    if(level = 'unit', NULL, sum(rows.leftover_confirmed_g)) AS leftover_confirmed_g,
    if(level = 'unit', NULL, sum(attendance.1)) AS present,
    if(level = 'unit', NULL, sum(attendance.2)) AS absent_ill,
    if(level = 'unit', NULL, sum(rows.ill_noticed)) AS ill_noticed,
    if(level = 'unit', NULL, sum(rows.declined)) AS declined,
    if(level = 'unit', NULL, uniqExactIf(recipient, rows.events > 0)) AS reporting,
    if(level = 'unit', NULL, sum(rows.events)) AS events
FROM
(
    SELECT * EXCEPT (slot, day), arrayJoin(if(slot.1 != 'day', [slot], arrayFlatten(arrayMap(
        n -> arrayMap(end -> (concat(toString(n), 'd'), toUInt32(end), toUInt32(n)), range(
            toUInt32(greatest(day, {first:Date})), toUInt32(least(day + n - 1, {last:Date})) + 1
        )), [1, 7, 30]
    )))) AS w
    FROM reception_parts
    UNION ALL
    -- A nothing for each column of `reception_parts`.
    SELECT level, area, '', 0, 0, 0, 0, 0, 0, (0, 0), 0, [], 0, 0,
        arrayJoin(arrayMap(n -> (concat(toString(n), 'd'), toUInt32(day), toUInt32(n)), [1, 7, 30]))
    FROM
    (
        SELECT 'recipient' AS level, recipient_id AS area, day FROM recipient_days
        UNION ALL
        SELECT 'unit', unit_id, day FROM unit_days WHERE kind = 'sppg'
        UNION ALL
        SELECT level, area, day FROM areas CROSS JOIN days
    )
    WHERE day BETWEEN greatest({first:Date}, {silent_from:Date}) AND {last:Date}
) AS rows
GROUP BY level, area, w
HAVING day BETWEEN {first:Date} AND {last:Date} AND due <= {late:Int64};
