-- `over_capacity`, `certificate` and `unit_silent` into `r_alerts`, after 80_events. Parameters:
--   region, zone String    region code, its time zone
--   first, last Date       local days that are audited, both inclusive
--   complete Int64         as in 80_events
--   silent_min Int64       limit of the region: minutes without any line of an open unit

-- A kitchen cooks more on a day than it may. What is reported after the day raises the alert again, and it ends at once.
INSERT INTO r_alerts
SELECT
    'over_capacity', unit_id, '', starts, sure, found, found + 120000,
    arrayFilter(m -> m >= ends, arrayMap(x -> x.1, steps)), greatest(ends, found, arrayMax(x -> x.1, steps) * (arrayMax(x -> x.1, steps) >= ends)), 'day_ended',
    if(sure, if(total >= capacity * 1.2, 2, 1), 0), NULL
FROM
(
    SELECT
        e.unit_id AS unit_id,
        e.steps AS steps,
        u.capacity AS capacity,
        toInt64(toUnixTimestamp(toDateTime(e.day, {zone:String}))) * 1000 AS starts,
        toInt64(toUnixTimestamp(toDateTime(e.day + 1, {zone:String}))) * 1000 AS ends,
        arraySum(x -> x.2, steps) AS total,
        arrayFirst((x, sum) -> sum > u.capacity, steps, arrayCumSum(x -> x.2, steps)).1 AS found,
        -- Three days after its time an event is forgotten.
        NOT e.unsure AND starts > (SELECT known FROM alert_begin) AND u.since <= e.day - 31 AND arrayMax(x -> x.1, steps) <= starts + 3 * 86400000 AS sure
    FROM
    (
        SELECT unit_id, day, arraySort(groupArrayIf((since, toInt64(portions)), c OR touched)) AS steps, max(touched) AS unsure
        FROM alert_events
        WHERE type = 'sppg.cooking.finished'
        GROUP BY unit_id, day
    ) AS e
    ASOF JOIN (SELECT unit_id, capacity, valid_from AS since FROM units) AS u ON u.unit_id = e.unit_id AND u.since <= e.day
)
WHERE found != 0 OR NOT sure;

-- At the beginning of each day: an active kitchen without a certificate, or one that ends within 30 days. A row of the registry of the
-- last 31 days may have come after its day.
INSERT INTO r_alerts
SELECT
    'certificate', unit_id, '',
    if(certified IS NULL, 0, toInt64(toUnixTimestamp(toDateTime(assumeNotNull(certified) + 1, {zone:String}))) * 1000),
    NOT changed,
    if(begins, 0, at),
    if(begins, greatest(at, (SELECT known FROM alert_begin)), at), [],
    if(ended = 0, NULL, ended),
    if(ended_active, 'valid', 'unit_not_active'),
    0, NULL
FROM
(
    SELECT
        *,
        lagInFrame(cause, 1, 0) OVER days AS before,
        day = (SELECT toDate(fromUnixTimestamp64Milli(known), {zone:String}) FROM alert_begin) AS begins,
        minIf(at, NOT cause) OVER ahead AS ended,
        argMinIf(active, at, NOT cause) OVER ahead AS ended_active
    FROM
    (
        SELECT
            d.day AS day,
            u.unit_id AS unit_id,
            toInt64(toUnixTimestamp(toDateTime(d.day, {zone:String}))) * 1000 AS at,
            argMax(u.status, u.valid_from) = 'active' AS active,
            argMax(tuple(u.certified), u.valid_from).1 AS certified,
            max(u.valid_from) > d.day - 31 AS changed,
            active AND ifNull(certified < d.day + 30, 1) AS cause
        FROM
        (
            SELECT arrayJoin(arrayMap(n -> {first:Date} - 1 + n, range(toUInt64(greatest(0,
                toDate(fromUnixTimestamp64Milli({complete:Int64} - 1), {zone:String}) - {first:Date} + 2))))) AS day
        ) AS d
        CROSS JOIN (SELECT * FROM units WHERE kind = 'sppg') AS u
        WHERE u.valid_from <= d.day AND d.day >= (SELECT toDate(fromUnixTimestamp64Milli(known), {zone:String}) FROM alert_begin)
        GROUP BY day, unit_id
    )
    WINDOW
        days AS (PARTITION BY unit_id ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
        ahead AS (PARTITION BY unit_id ORDER BY day ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
)
WHERE (cause AND NOT before AND (day >= {first:Date} OR begins) OR changed) AND day BETWEEN {first:Date} AND {last:Date};

-- The hours of units that begin on a day: when they are listened for, and whether that is sure.
CREATE OR REPLACE TABLE alert_hours ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    u.unit_id AS unit_id,
    toInt64(toUnixTimestamp(toDateTime(u.day, {zone:String}))) * 1000 + u.opens_ms AS begins,
    toInt64(toUnixTimestamp(toDateTime(served_on, {zone:String}))) * 1000 + u.closes_ms AS ends,
    -- Some are surely served, so it is open; of nobody else is it known when the registry came to say so.
    (u.since > u.day - 31 OR if(u.kind = 'sppg', t.sure_n, s.sure_n) = 0) AS loose
FROM (SELECT *, day + (opens_ms > closes_ms) AS served_on FROM unit_days WHERE active AND day BETWEEN {first:Date} - 1 AND {last:Date} + 1) AS u
LEFT JOIN
(
    SELECT day, kitchen, countIf(notEmpty(served) AND NOT changed) AS sure_n, countIf(notEmpty(served) OR changed) AS n
    FROM recipient_days
    GROUP BY day, kitchen
) AS t ON t.kitchen = u.unit_id AND t.day = u.served_on
LEFT JOIN
(
    SELECT day, countIf(notEmpty(served) AND NOT changed) AS sure_n, countIf(notEmpty(served) OR changed) AS n, count() AS registered
    FROM recipient_days
    GROUP BY day
) AS s ON s.day = u.day
WHERE if(u.kind = 'sppg', t.n > 0, s.n > 0 OR s.registered = 0);

-- When units were heard of: of each minute the first and the last line that was not refused.
CREATE OR REPLACE TABLE alert_heard ENGINE = Memory SETTINGS compress = 1 AS
SELECT unit_id, arraySort(arrayDistinct(arrayFlatten(groupArray([earliest, latest])))) AS moments
FROM
(
    SELECT unit_id, min(r) AS earliest, max(r) AS latest
    FROM
    (
        SELECT unit_id, toUnixTimestamp64Milli(received_at) AS r, topic, partition, offset, line
        FROM pantau_store.raw_lines
        PREWHERE append_at BETWEEN toDateTime({first:Date} - 2, {zone:String}) AND toDateTime({last:Date} + 3, {zone:String})
        WHERE region = {region:String} AND parsed = 1 AND unit_kind != 'recipient'
    )
    WHERE r < {complete:Int64}
        AND (topic, partition, offset, line) NOT IN (
            SELECT topic, partition, offset, line FROM pantau_store.exceptions WHERE verdict = 'refused'
        )
    GROUP BY unit_id, intDiv(r, 60000)
)
GROUP BY unit_id;

-- Each gap in a unit's hours: (from, to, whether it was heard of then).
CREATE OR REPLACE TABLE alert_gaps ENGINE = Memory AS
SELECT
    h.unit_id AS unit_id,
    h.begins AS begins,
    h.ends AS ends,
    h.loose OR gap.1 < (SELECT known FROM alert_begin) AS loose,
    arrayPushFront(arrayFilter(m -> m > h.begins AND m <= h.ends, m.moments), h.begins) AS points,
    arrayJoin(arrayZip(
        points,
        arrayPushBack(arrayPopFront(points), h.ends),
        arrayPushBack(arrayMap(p -> 1, arrayPopFront(points)), 0)
    )) AS gap
FROM alert_hours AS h
LEFT JOIN alert_heard AS m ON m.unit_id = h.unit_id;

-- A gap that is just shorter may have been one: receipt stamps may go back by two minutes.
CREATE OR REPLACE TABLE alert_silences ENGINE = Memory AS
SELECT unit_id, gap.1 AS start, gap.1 + {silent_min:Int64} * 60000 AS raised, gap.2 AS ends, gap.3 AS is_heard, gap.2 > raised AS sure
FROM alert_gaps
WHERE NOT loose
    AND gap.2 - gap.1 > {silent_min:Int64} * 60000 - 120000
    AND raised < alert_gaps.ends
    AND raised < {complete:Int64};

-- How many units are silent (`silent`) of those that are listened for (`open`) from each moment on, and how many more may be.
CREATE OR REPLACE TABLE alert_counts ENGINE = Memory AS
SELECT
    m,
    sum(by.1) OVER moments AS silent,
    sum(by.2) OVER moments AS maybe_silent,
    sum(by.3) OVER moments AS open,
    sum(by.4) OVER moments AS maybe_open,
    silent >= greatest(10, open / 2) AS stands,
    stands != (silent >= greatest(10, (open + maybe_open) / 2)) OR stands != (silent + maybe_silent >= greatest(10, open / 2)) AS unsure
FROM
(
    SELECT one.1 AS m, sumMap(map(1, one.2, 2, one.3, 3, one.4, 4, one.5)) AS sums, (sums[1], sums[2], sums[3], sums[4]) AS by
    FROM
    (
        SELECT arrayJoin([(raised, sure, 1 - sure, 0, 0), (if(sure, ends, ends + 120000), -sure, sure - 1, 0, 0)]) AS one
        FROM alert_silences
        UNION ALL
        SELECT arrayJoin([(begins, 0, loose, 1 - loose, loose), (ends, 0, -loose, loose - 1, -loose)])
        FROM alert_hours
        UNION ALL
        -- What was before the region was known.
        SELECT arrayJoin([(begins, 0, 1, 0, 0), (greatest(ends, (SELECT known FROM alert_begin) + {silent_min:Int64} * 60000), 0, -1, 0, 0)])
        FROM (SELECT DISTINCT unit_id, begins, ends FROM alert_gaps WHERE loose AND (unit_id, begins) NOT IN (
            SELECT unit_id, begins FROM alert_hours WHERE loose
        ))
    )
    GROUP BY m
)
WHERE m < {complete:Int64}
WINDOW moments AS (ORDER BY m ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);

-- Many at once are one matter: half of those that are listened for, and ten at least. On a day on which some of them are unsure in a way
-- that decides it, nothing is asked.
CREATE OR REPLACE TABLE alert_networks ENGINE = Memory AS
SELECT raised, ends, toDate(fromUnixTimestamp64Milli(raised), {zone:String}) AS day
FROM
(
    SELECT m AS raised, stands, leadInFrame(m, 1, 0) OVER moments AS ends
    FROM
    (
        SELECT m, stands, lagInFrame(stands, 1, 0) OVER (ORDER BY m ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
        FROM alert_counts
    )
    WHERE stands != before
    WINDOW moments AS (ORDER BY m ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
)
WHERE stands;

INSERT INTO loose_alerts
SELECT DISTINCT
    'unit_silent', '', 'network',
    toInt64(toUnixTimestamp(toDateTime(toDate(fromUnixTimestamp64Milli(m), {zone:String}), {zone:String}))) * 1000 AS starts, starts + 86400000
FROM alert_counts
WHERE unsure;

INSERT INTO r_alerts
SELECT
    'unit_silent', '', 'network', min(s.start), min(l.raised_from IS NULL), n.raised, n.raised, [], if(n.ends = 0, NULL, n.ends), 'heard',
    if(min(l.raised_from IS NULL), 3, 0), NULL
FROM alert_networks AS n
CROSS JOIN alert_silences AS s
LEFT JOIN (SELECT toNullable(raised_from) AS raised_from, toDate(fromUnixTimestamp64Milli(loose_alerts.raised_from), {zone:String}) AS day FROM loose_alerts WHERE subject = 'network') AS l ON l.day = n.day
WHERE s.sure AND s.raised <= n.raised AND n.raised < s.ends
GROUP BY n.raised, n.ends;

-- What is a part of that weighs less by itself. After it is over nobody judges anew, unless a day begins.
INSERT INTO r_alerts
SELECT
    'unit_silent', unit_id, '', start, sure, raised, raised, [],
    if(ends < {complete:Int64}, ends, NULL), if(is_heard, 'heard', 'closed'),
    multiIf(
        toDate(fromUnixTimestamp64Milli(raised), {zone:String}) != toDate(fromUnixTimestamp64Milli(least(ends, {complete:Int64}) - 1), {zone:String})
            OR toDate(fromUnixTimestamp64Milli(raised), {zone:String}) IN (
                SELECT toDate(fromUnixTimestamp64Milli(raised_from), {zone:String}) FROM loose_alerts WHERE subject = 'network'
            )
            OR raised IN (SELECT ends FROM alert_networks),
        0,
        arrayExists(n -> n.1 <= s.raised AND (n.2 = 0 OR s.raised < n.2) OR n.1 >= s.raised AND n.1 < s.ends, (SELECT groupArray((raised, ends)) FROM alert_networks)), 1,
        2
    ),
    NULL
FROM alert_silences AS s;

INSERT INTO loose_alerts
SELECT DISTINCT 'unit_silent', unit_id, '', begins, greatest(ends, (SELECT known FROM alert_begin) + {silent_min:Int64} * 60000)
FROM alert_gaps
WHERE loose;
