-- What corrections made of events of some local days against `event_status`: how many, and those that differ: (unit, id, column,
-- stored, recomputed), at most `most` a column. What changed after the cut is not compared. After 34_trees. Parameters:
--   first, last Date       the days, both inclusive
--   most   UInt32          how many differences are listed

SELECT
    count(),
    arrayConcat(
        groupArrayIf({most:UInt32})((t.unit_id, t.id, 'counts', toString(if(s.known, s.counts, t.type != 'event.retracted') AS stored_counts), toString(t.counts)),
            s.revision <= t.end AND t.single AND stored_counts != t.counts),
        groupArrayIf({most:UInt32})((t.unit_id, t.id, 'superseded_by', s.superseded_by, t.superseded_by),
            s.revision <= t.end AND t.shown AND s.superseded_by != t.superseded_by),
        groupArrayIf({most:UInt32})((t.unit_id, t.id, 'retracted', toString(s.retracted), toString(t.retracted)),
            s.revision <= t.end AND t.shown AND s.retracted != t.retracted)
    )
FROM
(
    SELECT
        *,
        type != 'event.retracted' AND clear AS shown,
        multiIf(
            topic = 'sppg.events', (SELECT sppg FROM cut)[partition + 1],
            topic = 'clinic.events', (SELECT clinic FROM cut)[partition + 1],
            (SELECT recipient FROM cut)[partition + 1]
        ) AS end
    FROM trees
    WHERE day BETWEEN {first:Date} AND {last:Date}
) AS t
LEFT JOIN
(
    SELECT source, id, superseded_by, retracted, counts, revision, 1 AS known FROM pantau_store.event_status FINAL
) AS s ON s.source = t.source AND s.id = t.id;
