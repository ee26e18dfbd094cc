-- The events that alerts are made from, and the table of the alerts that there must be, which 81 to 84 fill; after 40_accepted. Parameters:
--   region, zone String    region code, its time zone
--   first, last Date       local days that are audited, both inclusive. An event is received up to 30 days after its time
--   complete Int64         epoch ms: alerts are compared as they were then, with all that had been received before
--   revisions UInt64       numbers of changes of one generation

-- `since`: when it came to be known, in order of arrival. `touched`: a correction or a copy bears on it, so what was known
-- of it, and when, is not worked out. Readings: those of sensors with one out of range. `moved`: a correction of its unit may not have taken effect yet.
CREATE OR REPLACE TABLE alert_events ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    *,
    event_key IN (SELECT key FROM tied) OR count() OVER (PARTITION BY event_key) > 1 AS touched,
    unit_id IN (SELECT unit_id FROM suspects WHERE r >= {complete:Int64}) AS moved
FROM
(
    SELECT
        type, unit_id, id, subject, kitchen, event_key, day, t, c, fresh, minutes, portions, batch, batches, lot, lots, ready, made,
        passed, refused, reasons, senses_passed, groups, point, sensor, in_range, r,
        max(r) OVER (PARTITION BY unit_id ORDER BY offset, line) AS since
    FROM accepted(region = {region:String}, zone = {zone:String}, first = {first:Date} - 35, last = {last:Date} + 1)
    WHERE type IN (
        'sppg.delivery.received', 'sppg.dispatch.departed', 'sppg.cooking.finished', 'sppg.food.tested', 'sppg.ingredient.received',
        'recipient.delivery.checked', 'recipient.service.declined'
    )
        OR type = 'sppg.temperature.measured' AND day >= {first:Date} - 1 AND (unit_id, point, sensor) IN (
            SELECT unit_id, point, sensor
            FROM lines(region = {region:String}, zone = {zone:String}, first = {first:Date} - 1, last = {last:Date} + 1)
            WHERE type = 'sppg.temperature.measured' AND NOT in_range
        )
)
WHERE since < {complete:Int64};

-- When the region was first known at the latest: its first line. Where a rebuild took over alerts from before its log begins, a
-- day after the first change of its own. `stored`: the first change of all. None is asked for from before: of days before alerts
-- were records there are none, and a first change that is lost is missing from the numbers.
CREATE OR REPLACE TABLE alert_begin ENGINE = Memory AS
SELECT greatest(l.first, if(c.oldest < c.newest, c.begun + 86400000, 0)) AS known, c.stored AS stored
FROM
(
    SELECT toUnixTimestamp64Milli(min(append_at)) AS first FROM pantau_store.raw_lines WHERE region = {region:String} AND parsed = 1
) AS l
CROSS JOIN
(
    SELECT min(generation) AS oldest, max(generation) AS newest, argMin(at, (-generation, at)) AS begun,
        if(count() = 0, 9223372036854775807, min(at)) AS stored
    FROM
    (
        SELECT toInt64(intDiv(revision, {revisions:UInt64})) AS generation, toUnixTimestamp64Milli(updated_at) AS at
        FROM pantau_store.alert_changes
        WHERE region = {region:String}
    )
) AS c;

-- Times are epoch ms.
--   sure         1: it must exist, as it stands here. 0: it may, for what was known when is not worked out
--   raised_from, raised_to
--                its raised_at lies between; receipt stamps of one unit may go back by two minutes
--   again        moments at which it may have been raised again since, by more of the same
--   ends         when it was resolved, if it was (null: not, unless somebody has taken note), and `resolution`: why
--   severity     0: it needs more than is worked out here
--   holds        of one that is not sure: whether its cause stands at the end; null: that is not known either
CREATE OR REPLACE TABLE r_alerts
(
    kind String,
    unit_id String,
    subject String,
    start Int64,
    sure UInt8,
    raised_from Int64,
    raised_to Int64,
    again Array(Int64),
    ends Nullable(Int64),
    resolution String,
    severity UInt8,
    holds Nullable(UInt8),
    id String MATERIALIZED concat(kind, '-', substring(lower(hex(SHA256(concat(kind, '\0', unit_id, '\0', subject, '\0', toString(start))))), 1, 20))
)
ENGINE = Memory;

-- Of a kind, unit and subject any alert may exist that was raised between two moments: not even its start is known.
CREATE OR REPLACE TABLE loose_alerts (kind String, unit_id String, subject String, raised_from Int64, raised_to Int64)
ENGINE = Memory;
