-- `delivery_late` and `shortfall` into `r_alerts`, after 80_events. Parameters:
--   zone   String          the region's time zone
--   first, last Date       local days that are audited, both inclusive
--   complete Int64         as in 80_events
--   shortfall_pct Float64, shortfall_after_min Int64
--                          limits of the region: below this share of the registered, so many minutes after the meal time

-- Of each recipient and day on which it is served: what was reported, in order: (since, portions, time, declined groups, whether it
-- is a delivery), and the moments at which something was.
CREATE OR REPLACE TABLE alert_meals ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    r.recipient_id AS recipient,
    r.kitchen AS kitchen,
    r.served AS served,
    toInt64(toUnixTimestamp(toDateTime(r.day, {zone:String}))) * 1000 + r.meal_ms AS meal,
    toInt64(toUnixTimestamp(toDateTime(r.day + 1, {zone:String}))) * 1000 AS ends,
    r.changed OR meal < (SELECT known FROM alert_begin) OR e.touched AS loose,
    e.steps AS steps,
    arrayDistinct(arrayMap(x -> x.1, steps)) AS moments
FROM (SELECT * FROM recipient_days WHERE day BETWEEN {first:Date} AND {last:Date} AND (notEmpty(served) OR changed)) AS r
LEFT JOIN
(
    SELECT
        day,
        if(type = 'sppg.delivery.received', subject, unit_id) AS recipient,
        arraySort(groupArray((since, toInt64(portions), t, groups, type = 'sppg.delivery.received'))) AS steps,
        max(touched) AS touched
    FROM alert_events
    WHERE type IN ('sppg.delivery.received', 'recipient.service.declined')
    GROUP BY day, recipient
) AS e ON e.day = r.day AND e.recipient = r.recipient_id;

-- The same with what had come and what was wanted at each moment that may decide: (moment, received, wanted).
CREATE OR REPLACE TABLE alert_states ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    *,
    meal + {shortfall_after_min:Int64} * 60000 AS due,
    arrayMap(m -> (
        m,
        arraySum(arrayMap(x -> if(x.5 AND x.1 <= m, x.2, 0), steps)),
        arraySum(arrayMap(g -> if(arrayExists(x -> NOT x.5 AND x.1 <= m AND (empty(x.4) OR has(x.4, g.1)), steps), 0, g.2), served))
    ), arraySort(arrayDistinct(arrayFilter(m -> m >= meal AND m < ends, arrayConcat([meal, due], moments))))) AS states
FROM alert_meals
WHERE meal < {complete:Int64};

-- Raised by the clock at the meal time if nothing has come, or half an hour after, or when the first comes after that. The day
-- ends it, or the first report that takes the cause away.
INSERT INTO r_alerts
SELECT
    kind, kitchen, recipient, meal, NOT loose, raised, raised + 120000, [], if(ended.1 = 0, ends, ended.1),
    multiIf(
        ended.1 = 0, 'day_ended',
        arrayExists(x -> x.5 AND x.3 <= meal AND meal < x.1 AND x.1 <= ended.1, steps), 'reported_late',
        ended.3 = 0, 'declined',
        'received'
    ),
    0, NULL
FROM
(
    SELECT
        *,
        arrayJoin([
            ('delivery_late', arrayFirst(s -> s.1 = meal, states)),
            ('shortfall', arrayFirst(s -> s.1 >= due AND s.2 > 0 AND s.3 > 0, states))
        ]) AS one,
        one.1 AS kind,
        one.2.1 AS raised,
        if(kind = 'shortfall', one.2.2 < one.2.3 * {shortfall_pct:Float64} / 100, one.2.2 = 0 AND one.2.3 > 0) AND raised != 0 AS found,
        arrayFirst(s -> s.1 > raised AND if(kind = 'shortfall', s.2 >= s.3 * {shortfall_pct:Float64} / 100, s.2 > 0 OR s.3 = 0), states) AS ended
    FROM alert_states
)
WHERE (found OR loose) AND raised < {complete:Int64};
