-- Lines of a region's days that are refused or in conflict and have no dead letter, after 11_rules. Parameters:
--   region  String               region code; a line that is no event is of no region, and is named too
--   zone    String               its time zone
--   first, last Date             local days, both inclusive, of the event, or of the append time where it has none
--   in_full UInt32               refused lines of one record that have a letter each; one more letter counts the others
--   counted String               code of that letter
--   most    UInt32               most lines that are named

WITH
    letters AS
    (
        SELECT topic, partition, offset, line, code FROM pantau_store.dead_letters
    ),
    lacking AS
    (
        SELECT topic, partition, offset, line
        FROM
        (
            SELECT
                topic,
                partition,
                offset,
                line,
                row_number() OVER (PARTITION BY topic, partition, offset ORDER BY line) > {in_full:UInt32} AS is_counted
            FROM pantau_store.exceptions FINAL
            WHERE verdict IN ('refused', 'conflict')
                AND (
                    topic = 'sppg.events' AND offset < (SELECT sppg FROM cut)[partition + 1]
                    OR topic = 'clinic.events' AND offset < (SELECT clinic FROM cut)[partition + 1]
                    OR topic = 'recipient.events' AND offset < (SELECT recipient FROM cut)[partition + 1]
                )
        )
        WHERE if(
            is_counted,
            (topic, partition, offset) NOT IN (SELECT topic, partition, offset FROM letters WHERE code = {counted:String}),
            (topic, partition, offset, line) NOT IN (SELECT topic, partition, offset, line FROM letters)
        )
    )
SELECT DISTINCT unit_id, id, toString(topic), partition, offset, line
FROM pantau_store.raw_lines
WHERE (topic, partition, offset, line) IN (SELECT topic, partition, offset, line FROM lacking)
    AND region IN ('', {region:String})
    AND toDate(if(parsed, time, append_at), {zone:String}) BETWEEN {first:Date} AND {last:Date}
ORDER BY topic, partition, offset, line
LIMIT {most:UInt32};
