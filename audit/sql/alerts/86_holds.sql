-- Holds, which people order, confirm and lift by commands: `r_holds`, for each what its alert must say; after 85_logged_commands. Parameters:
--   region String          region code
--   complete Int64         as in 80_events: commands given later do not count

CREATE OR REPLACE TABLE given_commands ENGINE = Memory AS
SELECT
    n,
    at,
    JSONExtractString(text, 'command') AS command,
    JSONExtractString(text, 'id') AS id,
    JSONExtractString(text, 'alert_id') AS alert_id,
    JSONExtractString(text, 'by') AS by,
    JSONExtractString(text, 'assessment') AS assessment,
    JSONExtractString(text, 'unit') AS unit_id,
    JSONExtractString(text, 'batch') AS batch,
    JSONExtract(text, 'recipients', 'Array(String)') AS recipients,
    JSONExtractBool(text, 'eaten') AS eaten
FROM logged_commands
WHERE JSONExtractString(text, 'region') = {region:String} AND at < {complete:Int64};

-- A command that comes twice counts once: the first. A hold's alert is named by the order.
CREATE OR REPLACE TABLE ordered_holds ENGINE = Memory AS
SELECT concat('hold-', o.id) AS id, o.unit_id AS unit_id, o.batch AS batch, arrayDistinct(o.recipients) AS recipients, o.at AS start
FROM (SELECT * FROM given_commands WHERE command = 'hold' ORDER BY n LIMIT 1 BY id) AS o;

-- Of each hold the first command that lifts it; of each recipient asked the first answer before that.
CREATE OR REPLACE TABLE lifted_holds ENGINE = Memory AS
SELECT h.id AS id, min(c.n) AS n, argMin(c.at, c.n) AS at
FROM given_commands AS c
INNER JOIN ordered_holds AS h ON h.id = c.alert_id
WHERE c.command = 'release' AND c.at >= h.start
GROUP BY h.id;

-- One that all have confirmed is over 24 hours after the order, or with the last answer if that comes later; unless it is lifted before.
CREATE OR REPLACE TABLE r_holds ENGINE = Memory AS
SELECT
    h.id AS id, h.unit_id AS unit_id, h.batch AS subject, h.start AS start,
    length(h.recipients) AS recipient_count,
    toUInt64(a.confirmed) AS confirmed_count,
    toUInt64(a.eaten) AS eaten_count,
    confirmed_count = recipient_count AS all_answered,
    if(all_answered, toString(intDiv(a.last - h.start, 60000)), 'null') AS minutes_to_last,
    all_answered AND (l.n = 0 OR greatest(a.last, h.start + 86400000) <= l.at) AS by_itself,
    multiIf(by_itself, greatest(a.last, h.start + 86400000), l.n != 0, l.at, 9223372036854775807) AS ends,
    if(by_itself, 'batch_over', 'lifted') AS resolution
FROM ordered_holds AS h
LEFT JOIN lifted_holds AS l ON l.id = h.id
LEFT JOIN
(
    SELECT id, count() AS confirmed, countIf(eaten) AS eaten, max(at) AS last
    FROM
    (
        SELECT h.id AS id, c.by AS by, argMin(c.at, c.n) AS at, argMin(c.eaten, c.n) AS eaten
        FROM given_commands AS c
        INNER JOIN ordered_holds AS h ON h.id = c.alert_id
        LEFT JOIN lifted_holds AS l ON l.id = c.alert_id
        WHERE c.command = 'confirm' AND c.at >= h.start AND has(h.recipients, c.by) AND (l.n = 0 OR c.n < l.n)
        GROUP BY h.id, c.by
    )
    GROUP BY id
) AS a ON a.id = h.id;
