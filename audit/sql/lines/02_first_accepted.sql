-- The local day on which a line was first accepted, of the first days that have lines; 2149-01-01 if none was. Parameters:
--   region String          region code
--   zone   String          its time zone
--   days   UInt32          how many days

SELECT ifNull(min(toDate(append_at, {zone:String})), toDate('2149-01-01'))
FROM
(
    SELECT topic, partition, offset, line, toNullable(append_at) AS append_at
    FROM pantau_store.raw_lines
    PREWHERE append_at <= (
        SELECT min(append_at) FROM pantau_store.raw_lines WHERE region = {region:String} AND parsed = 1
    ) + INTERVAL {days:UInt32} DAY
    WHERE region = {region:String} AND parsed = 1
)
WHERE (topic, partition, offset, line) NOT IN (SELECT topic, partition, offset, line FROM pantau_store.exceptions);
