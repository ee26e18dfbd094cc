-- The day on which the installation first knew the region. That is not written down, but two things show it: the first event that
-- was accepted, and the first row of a day on which nothing happened. Parameters:
--   region   String        region code
--   zone     String        its time zone
--   accepted Date          the day of the first accepted event, from 02_first_accepted

SELECT min(least({accepted:Date}, day))
FROM
(
    SELECT {accepted:Date} AS day
    UNION ALL
    SELECT day
    FROM pantau_store.performance
    WHERE region = {region:String}
        AND window = '1d'
        AND level = 'unit'
        AND day < {accepted:Date}
        AND (area_id, day) NOT IN (
            SELECT unit_id, toDate(time, {zone:String})
            FROM pantau_store.raw_lines
            WHERE region = {region:String} AND parsed = 1 AND toDate(time) <= {accepted:Date}
        )
);
