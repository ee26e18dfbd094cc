-- What became of each line of some local days against `exceptions`: how many lines, and those that differ: (unit, id, verdict and
-- code stored, verdict and code recomputed), at most `most`. After 34_trees. Parameters:
--   region String          region code
--   zone   String          its time zone
--   first, last Date       the days, both inclusive
--   most   UInt32          how many differences are listed

SELECT
    count(),
    groupArrayIf({most:UInt32})((l.unit_id, l.id, x.verdict, x.code, l.verdict, l.code), if(x.verdict = '', 'new', x.verdict) != l.verdict)
FROM
(
    SELECT topic, partition, offset, line, unit_id, id, day, code, multiIf(code != '', 'refused', spare, 'duplicate', 'new') AS verdict
    FROM judged(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
    WHERE alone
    UNION ALL
    SELECT topic, partition, offset, line, unit_id, id, day, code, verdict FROM suspects
) AS l
LEFT JOIN
(
    SELECT topic, partition, offset, line, toString(verdict) AS verdict, toString(code) AS code FROM pantau_store.exceptions FINAL
) AS x ON x.topic = l.topic AND x.partition = l.partition AND x.offset = l.offset AND x.line = l.line
WHERE l.day BETWEEN {first:Date} AND {last:Date};
