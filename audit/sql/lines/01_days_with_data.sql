-- The first and last local day that a line or a row is of, and whether there is any. Parameters:
--   region String          region code
--   zone   String          its time zone

SELECT count(), min(day), max(day)
FROM
(
    SELECT toDate(time, {zone:String}) AS day
    FROM pantau_store.raw_lines
    WHERE region = {region:String}
        AND parsed = 1
        AND time BETWEEN received_at - INTERVAL 30 DAY AND received_at + INTERVAL 5 MINUTE
    UNION ALL
    SELECT day FROM pantau.performance WHERE region = {region:String}
    UNION ALL
    SELECT day FROM pantau.coverage WHERE region = {region:String}
    UNION ALL
    SELECT day FROM pantau.reception WHERE region = {region:String}
    UNION ALL
    SELECT day FROM pantau.clinic_coverage WHERE region = {region:String}
);
