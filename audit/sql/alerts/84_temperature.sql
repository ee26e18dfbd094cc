-- `temperature` into `r_alerts`, after 80_events. Parameters:
--   region, zone String    region code, its time zone
--   first, last Date       local days that are audited, both inclusive
--   complete Int64         as in 80_events
--   temperature_readings UInt64, temperature_min Int64
--                          limits of the region: so many readings out of range in a row, over at least so many minutes

-- The readings in the order of their times. `before`: how many were in range before it; `latest`: all had come by then.
CREATE OR REPLACE TABLE alert_readings ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    unit_id, trimRight(concat(point, '/', sensor), '/') AS about, t, r, in_range, touched,
    sum(in_range) OVER times AS before,
    max(r) OVER times AS latest
FROM alert_events
WHERE type = 'sppg.temperature.measured'
WINDOW times AS (PARTITION BY unit_id, point, sensor ORDER BY t, id);

-- Readings out of range in a row, and the first in range after them. `plain`: they were received in the order of their times, and
-- the row begins after one in range.
CREATE OR REPLACE TABLE alert_rows ENGINE = Memory AS
SELECT
    o.unit_id AS unit_id,
    o.about AS about,
    o.readings AS readings,
    readings[1].1 AS starts,
    arrayFirst((x, n) -> n >= {temperature_readings:UInt64} AND x.1 >= starts + {temperature_min:Int64} * 60000, readings, arrayEnumerate(readings)).2 AS raised,
    i.t AS next,
    i.r AS ends,
    o.before > 0 AND starts > (SELECT known FROM alert_begin) AND NOT o.touched AND NOT i.touched
        AND o.in_order AND p.t < starts AND (next = 0 OR i.r = i.latest AND next > readings[-1].1) AS plain
FROM
(
    SELECT
        unit_id, about, before, arraySort(groupArray((t, r))) AS readings, max(touched) AS touched, min(r = latest) AS in_order
    FROM alert_readings
    WHERE NOT in_range
    GROUP BY unit_id, about, before
) AS o
LEFT JOIN (SELECT * FROM alert_readings WHERE in_range) AS i ON i.unit_id = o.unit_id AND i.about = o.about AND i.before = o.before + 1
LEFT JOIN (SELECT * FROM alert_readings WHERE in_range) AS p ON p.unit_id = o.unit_id AND p.about = o.about AND p.before = o.before;

INSERT INTO r_alerts
SELECT 'temperature', unit_id, about, starts, 1, raised, raised + 120000, [], if(next = 0, NULL, ends), 'in_range', 2, NULL
FROM alert_rows
WHERE plain AND raised != 0;

INSERT INTO loose_alerts
SELECT 'temperature', unit_id, about, arrayMin(x -> x.2, readings), greatest(ends, arrayMax(x -> x.2, readings)) + 120000
FROM alert_rows
WHERE NOT plain;

-- A reading that comes more than a day late is of a day that was not read here.
INSERT INTO loose_alerts
SELECT 'temperature', unit_id, trimRight(concat(ifNull(point, ''), '/', ifNull(sensor, '')), '/'), min(r), max(r) + 86400000
FROM
(
    SELECT unit_id, data.point AS point, data.sensor AS sensor, toUnixTimestamp64Milli(received_at) AS r
    FROM pantau_store.raw_lines
    PREWHERE type = 'sppg.temperature.measured' AND received_at > time + INTERVAL 1 DAY
    WHERE region = {region:String}
        AND parsed = 1
        AND toDate(time) BETWEEN {first:Date} - 31 AND {last:Date} + 1
        AND toDate(received_at) BETWEEN {first:Date} - 2 AND {last:Date} + 2
)
GROUP BY unit_id, point, sensor, intDiv(r, 86400000);
