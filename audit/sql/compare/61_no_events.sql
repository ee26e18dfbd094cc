-- Lines that are no events, appended in some days: how many, and those that were not refused: (unit, place), at most `most`. The
-- form of a line (JSON, fields, ranges, a NIK) is not judged anew. Parameters:
--   first, last Date       the days, both inclusive
--   most   UInt32          how many are listed

SELECT
    count(),
    groupArrayIf({most:UInt32})(('', concat(l.topic, '/', toString(l.partition), '/', toString(l.offset), '/', toString(l.line))), x.verdict != 'refused')
FROM
(
    SELECT topic, partition, offset, line
    FROM pantau_store.raw_lines
    WHERE toDate(time) = '1970-01-01'
        AND parsed = 0
        AND toDate(append_at) BETWEEN {first:Date} - 1 AND {last:Date} + 1
        AND (
            topic = 'sppg.events' AND offset < (SELECT sppg FROM cut)[partition + 1]
            OR topic = 'clinic.events' AND offset < (SELECT clinic FROM cut)[partition + 1]
            OR topic = 'recipient.events' AND offset < (SELECT recipient FROM cut)[partition + 1]
        )
) AS l
LEFT JOIN
(
    SELECT topic, partition, offset, line, toString(verdict) AS verdict FROM pantau_store.exceptions FINAL
) AS x ON x.topic = l.topic AND x.partition = l.partition AND x.offset = l.offset AND x.line = l.line;
