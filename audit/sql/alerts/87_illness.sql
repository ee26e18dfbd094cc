-- What the statistics of illness are made from, after 86_holds: `illness_events`, `fed_rows`, `planned_meals`, `open_suspicions`,
-- `assessed_clusters`. What follows from them is more than SQL reads well: audit/recompute/outbreaks. Parameters:
--   region, zone String    region code, its time zone
--   first, last Date       local days that are audited, both inclusive
--   complete Int64         as in 80_events
--   with_holds UInt8       1: `logged_commands` was filled

-- Every new event of these types, also one that corrections have taken away since, by unit in the order of arrival. `tied`: the
-- same for all that corrections tie together, 0 for most: of those every type and day, since one of another type can make a
-- correction wrong. `began`: when people fell ill; `ate`: 0 where nobody asked.
CREATE OR REPLACE TABLE illness_events ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    tied, unit_id, id, type, supersedes, t, r, rec, offset, line, toInt64(toRelativeDayNum(day)) AS local_day, subject, kec, kitchen, person,
    if(type = 'clinic.case.reported', ifNull(onset, 0), ifNull(since, 0)) AS began, ifNull(ate, 0) AS ate,
    multiIf(type = 'clinic.cases.counted', toInt64(cases), type = 'recipient.illness.noticed', toInt64(ill), 1) AS people,
    syndrome, present, absent_ill, portions, batch, lot, lots, supplier
FROM
(
    SELECT toUInt64(0) AS tied, *
    FROM judged(region = {region:String}, zone = {zone:String}, first = {first:Date} - 48, last = {last:Date} + 9)
    WHERE new AND code = ''
    UNION ALL
    SELECT g.label AS tied, f.* EXCEPT (n, verdict)
    FROM facts AS f
    LEFT JOIN groups AS g ON g.key = f.event_key
    WHERE g.label != 0 OR f.day BETWEEN {first:Date} - 48 AND {last:Date} + 9
)
WHERE r < {complete:Int64} AND (
    tied != 0
    OR type IN ('recipient.attendance.reported', 'recipient.illness.noticed', 'clinic.case.reported', 'clinic.cases.counted', 'event.retracted')
    OR day >= {first:Date} - 10 AND type IN (
        'sppg.delivery.received', 'recipient.delivery.checked', 'sppg.cooking.finished', 'sppg.ingredient.received',
        'sppg.dispatch.departed', 'sppg.food.tested', 'recipient.service.declined'
    )
)
ORDER BY unit_id, offset, line;

CREATE OR REPLACE TABLE fed_rows ENGINE = Memory AS
SELECT
    recipient_id, toInt64(toRelativeDayNum(valid_from)) AS valid_from, kec, unit_id, CAST(status = 'closed', 'UInt8') AS closed, toInt64(meal_ms) AS meal_ms,
    toInt64(arraySum(g -> g.2, registered)) AS people
FROM recipients;

-- Recipients to which the calendar gives a meal.
CREATE OR REPLACE TABLE planned_meals ENGINE = Memory AS
SELECT toInt64(toRelativeDayNum(day)) AS local_day, groupArray(recipient_id) AS recipients
FROM recipient_days
WHERE notEmpty(served) AND day >= {first:Date} - 10
GROUP BY day;

-- Alerts that were raised before the first of the days and still stood when it began, as they then were: stored ones, which the
-- audit of their own days compares.
CREATE OR REPLACE TABLE open_suspicions ENGINE = Memory AS
SELECT *
FROM
(
    SELECT
        toString(kind) AS kind, unit_id, subject, id, toInt64(severity) AS severity, toString(state) AS state,
        toUnixTimestamp64Milli(raised_at) AS raised, evidence
    FROM pantau_store.alert_changes FINAL
    WHERE region = {region:String}
        AND kind IN ('illness_reported', 'foodborne_cluster')
        AND updated_at < toDateTime64({first:Date}, 3, {zone:String})
    ORDER BY revision DESC
    LIMIT 1 BY id
)
WHERE state != 'resolved';

-- What the health office found clusters to be, when, and of what: the kitchens, the day of the meal and the people are those that
-- the alert named then.
CREATE OR REPLACE TABLE assessed_clusters ENGINE = Memory AS
SELECT
    a.id AS id, a.at AS at, a.verified AS verified,
    JSONExtract(e.evidence, 'units', 'Array(String)') AS units,
    JSONExtractInt(e.evidence, 'meal_day_number') AS first_day,
    JSONExtractFloat(e.evidence, 'people') AS people
FROM
(
    SELECT alert_id AS id, at, CAST(assessment = 'verified', 'UInt8') AS verified FROM given_commands WHERE command = 'assess'
    UNION DISTINCT
    SELECT id, toUnixTimestamp64Milli(assumeNotNull(assessed_at)), CAST(assessment = 'verified', 'UInt8')
    FROM pantau_store.alert_changes FINAL
    WHERE region = {region:String} AND kind = 'foodborne_cluster' AND assessed_at IS NOT NULL AND NOT {with_holds:UInt8}
) AS a
ASOF JOIN
(
    SELECT id, toUnixTimestamp64Milli(updated_at) AS updated, revision, evidence
    FROM pantau_store.alert_changes FINAL
    WHERE region = {region:String} AND kind = 'foodborne_cluster'
) AS e ON e.id = a.id AND e.updated <= a.at
ORDER BY at;
