-- Alerts stored and recomputed, into `compared_alerts`, after the files of alerts/. Parameters:
--   region, zone String    region code, its time zone
--   first, last Date       local days on which the alerts were raised, both inclusive
--   complete Int64         as in 80_events: what changed later is not compared
--   revisions UInt64       numbers of changes of one generation; the last one's are compared
--   with_holds UInt8       1: `logged_commands` was filled, so that holds are compared too

-- `bad`: what differs, (column, stored, recomputed). Who has taken note of it ends an alert of food, whenever that is.
CREATE OR REPLACE TABLE compared_alerts ENGINE = Memory AS
SELECT
    if(s.there, s.kind, r.kind) AS kind,
    if(s.there, s.unit_id, r.unit_id) AS unit_id,
    if(s.there, s.subject, r.subject) AS subject,
    if(s.there, s.id, r.id) AS id,
    if(s.there, s.raised, r.raised_from) AS raised,
    toDate(fromUnixTimestamp64Milli(raised), {zone:String}) BETWEEN {first:Date} AND {last:Date} AS in_days,
    s.there AND s.updated >= {complete:Int64} AS moving,
    s.state = 'resolved' AS is_over,
    r.kind IN ('over_4h', 'unsafe_batch', 'old_food', 'food_refused') AND s.resolution = 'acknowledged' AND s.acknowledged_by != '' AS noted,
    ifNull(r.ends < {complete:Int64}, 0) AS must_be_over,
    multiIf(
        NOT in_days, [],
        s.there = 0, if(r.sure AND r.raised_from >= (SELECT stored FROM alert_begin), [('row', 'absent', 'present', toUInt8(1))], []),
        r.there = 0, if(s.tolerated, [], [('row', 'present', 'absent', toUInt8(1))]),
        NOT r.sure, if(r.holds = 0 AND NOT is_over, [('state', s.state, 'resolved', toUInt8(1))], []),
        arrayFilter(x -> x.4, [
            ('raised_at', s.raised_text, toString(fromUnixTimestamp64Milli(r.raised_from, 'UTC')),
                NOT (s.raised BETWEEN r.raised_from AND r.raised_to OR arrayExists(m -> s.raised BETWEEN m AND m + 120000, r.again))),
            ('state', s.state, if(must_be_over, 'resolved', 'raised'), NOT noted AND is_over != must_be_over),
            ('resolution', s.resolution, r.resolution, must_be_over AND is_over AND s.resolution != r.resolution),
            ('resolved_at', s.resolved_text, toString(fromUnixTimestamp64Milli(ifNull(r.ends, 0), 'UTC')),
                must_be_over AND is_over AND NOT ifNull(s.resolved BETWEEN r.ends AND r.ends + 120000, 0)),
            ('severity', toString(s.severity), toString(r.severity), r.severity != 0 AND s.severity != r.severity)
        ])
    ) AS bad
FROM
(
    SELECT
        toUInt8(1) AS there, a.*,
        arrayExists(x -> raised BETWEEN x.1 AND x.2, l.spans) AS tolerated
    FROM
    (
        SELECT
            toString(kind) AS kind, unit_id, subject, id, severity, toString(state) AS state, resolution, acknowledged_by,
            toUnixTimestamp64Milli(raised_at) AS raised, toUnixTimestamp64Milli(updated_at) AS updated,
            toUnixTimestamp64Milli(resolved_at) AS resolved, toString(raised_at) AS raised_text, ifNull(toString(resolved_at), 'null') AS resolved_text
        FROM pantau_store.alert_changes FINAL
        WHERE region = {region:String}
        ORDER BY revision DESC
        LIMIT 1 BY id
    ) AS a
    LEFT JOIN
    (
        SELECT kind, unit_id, subject, groupArray((raised_from, raised_to)) AS spans FROM loose_alerts GROUP BY kind, unit_id, subject
    ) AS l ON l.kind = a.kind AND l.unit_id = a.unit_id AND l.subject = a.subject
    WHERE kind != 'hold'
        AND raised < {complete:Int64}
        AND (toDate(fromUnixTimestamp64Milli(raised), {zone:String}) BETWEEN {first:Date} AND {last:Date} OR id IN (SELECT id FROM r_alerts))
) AS s
FULL OUTER JOIN
(
    -- Two events may make one alert.
    SELECT
        toUInt8(1) AS there, id, kind, unit_id, subject,
        min(sure) AS sure, min(raised_from) AS raised_from, max(raised_to) AS raised_to, arrayFlatten(groupArray(again)) AS again,
        max(ends) AS ends, any(resolution) AS resolution, max(severity) AS severity, if(countIf(holds IS NULL) > 0, NULL, max(holds)) AS holds
    FROM r_alerts
    GROUP BY id, kind, unit_id, subject
) AS r ON r.id = s.id
WHERE notEmpty(bad) OR s.there AND in_days
UNION ALL
-- Holds. What was ordered before the region was known counts only where a rebuild has taken it over.
SELECT
    'hold', if(s.there, s.unit_id, r.unit_id), if(s.there, s.subject, r.subject), if(s.there, s.id, r.id) AS id,
    if(s.there, s.raised, r.start) AS raised,
    toDate(fromUnixTimestamp64Milli(raised), {zone:String}) BETWEEN {first:Date} AND {last:Date} AS in_days,
    s.there AND s.updated >= {complete:Int64} AS moving,
    s.state = 'resolved' AS is_over,
    0 AS noted,
    r.ends < {complete:Int64} AS must_be_over,
    multiIf(
        NOT in_days, [],
        s.there = 0, if(r.start >= (SELECT greatest(known, stored) FROM alert_begin), [('row', 'absent', 'present', toUInt8(1))], []),
        r.there = 0, [('row', 'present', 'absent', toUInt8(1))],
        arrayFilter(x -> x.4, [
            ('unit_id', s.unit_id, r.unit_id, s.unit_id != r.unit_id),
            ('subject', s.subject, r.subject, s.subject != r.subject),
            ('raised_at', s.raised_text, toString(fromUnixTimestamp64Milli(r.start, 'UTC')), s.raised != r.start),
            ('state', s.state, if(must_be_over, 'resolved', 'raised'), is_over != must_be_over),
            ('resolution', s.resolution, r.resolution, must_be_over AND is_over AND s.resolution != r.resolution),
            ('resolved_at', s.resolved_text, toString(fromUnixTimestamp64Milli(r.ends, 'UTC')),
                must_be_over AND is_over AND NOT ifNull(s.resolved BETWEEN r.ends AND r.ends + 120000, 0)),
            ('severity', toString(s.severity), '3', s.severity != 3),
            ('recipient_count', s.recipients, toString(r.recipient_count), s.recipients != toString(r.recipient_count)),
            ('confirmed_count', s.confirmed, toString(r.confirmed_count), s.confirmed != toString(r.confirmed_count)),
            ('eaten_count', s.eaten, toString(r.eaten_count), s.eaten != toString(r.eaten_count)),
            ('minutes_to_last', s.minutes, r.minutes_to_last, s.minutes != r.minutes_to_last)
        ])
    ) AS bad
FROM
(
    SELECT
        toUInt8(1) AS there, unit_id, subject, id, severity, toString(state) AS state, resolution,
        toUnixTimestamp64Milli(raised_at) AS raised, toUnixTimestamp64Milli(updated_at) AS updated,
        toUnixTimestamp64Milli(resolved_at) AS resolved, toString(raised_at) AS raised_text, ifNull(toString(resolved_at), 'null') AS resolved_text,
        JSONExtractRaw(evidence, 'recipient_count') AS recipients, JSONExtractRaw(evidence, 'confirmed_count') AS confirmed,
        JSONExtractRaw(evidence, 'eaten_count') AS eaten, JSONExtractRaw(evidence, 'minutes_to_last') AS minutes
    FROM pantau_store.alert_changes FINAL
    WHERE region = {region:String} AND kind = 'hold' AND raised_at < fromUnixTimestamp64Milli({complete:Int64})
    ORDER BY revision DESC
    LIMIT 1 BY id
) AS s
FULL OUTER JOIN (SELECT toUInt8(1) AS there, * FROM r_holds) AS r ON r.id = s.id
WHERE {with_holds:UInt8} AND (notEmpty(bad) OR s.there AND in_days)
UNION ALL
-- Changes are numbered from 1 in a region: a number that is missing is a change that is lost.
SELECT
    toString(kind), unit_id, subject, id, toUnixTimestamp64Milli(raised_at), 1, 0, 0, 0, 0,
    [('history', concat('change ', toString(number)), concat('change ', toString(before + 1)), toUInt8(1))]
FROM
(
    SELECT
        *, toInt64(revision % {revisions:UInt64}) AS number,
        lagInFrame(number, 1, 0) OVER (ORDER BY revision ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
    FROM pantau_store.alert_changes FINAL
    WHERE region = {region:String}
        AND intDiv(revision, {revisions:UInt64}) = (
            SELECT max(intDiv(revision, {revisions:UInt64})) FROM pantau_store.alert_changes WHERE region = {region:String}
        )
)
WHERE number != before + 1 AND toDate(updated_at, {zone:String}) BETWEEN {first:Date} AND {last:Date};
