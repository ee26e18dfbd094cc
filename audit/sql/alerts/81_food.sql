-- `over_4h`, `old_food`, `unsafe_batch` and `food_refused` into `r_alerts`, after 80_events. Parameters: limits of the region:
--   over_4h_min, over_6h_min Int64
--                          minutes from cooking to receipt

-- One event each. Their start is its time, whatever is corrected.
INSERT INTO r_alerts
SELECT
    rule.1, unit, about, t, NOT touched, since, greatest(since + 120000, (SELECT known FROM alert_begin)), [since], NULL, '',
    if(touched, 0, rule.3), if(moved, NULL, c AND rule.2)
FROM
(
    SELECT *, unit_id AS unit, subject AS about, arrayJoin([
        ('over_4h', fresh AND minutes > {over_4h_min:Int64}, if(minutes > {over_6h_min:Int64}, 3, 2)),
        ('old_food', fresh AND minutes > 720, 3)
    ]) AS rule
    FROM alert_events
    WHERE type = 'sppg.delivery.received'
    UNION ALL
    SELECT
        *, kitchen, unit_id,
        ('food_refused', refused > 0 AND hasAny(reasons, ['spoiled', 'smell', 'damaged', 'foreign_object']) OR NOT senses_passed, 3)
    FROM alert_events
    WHERE type = 'recipient.delivery.checked'
)
WHERE rule.2 OR touched;

-- Two events or three, which make an alert together: `pair` is (when the last of them was known, the start by then). `bad`:
-- they do; `near`: none had been forgotten, which happens three days after its time.
CREATE OR REPLACE TABLE alert_pairs
(
    kind String,
    unit_id String,
    subject String,
    key String,
    pair Tuple(since Int64, start Int64),
    bad UInt8,
    near UInt8,
    touched UInt8,
    moved UInt8
)
ENGINE = Memory;

-- A batch with a failed test is dispatched or delivered: a name holds within a unit and 24 hours.
INSERT INTO alert_pairs
SELECT
    'unsafe_batch', e.unit_id, e.batch, e.id,
    (greatest(e.since, u.since), least(e.t, u.t)) AS pair,
    NOT e.passed AND e.c AND u.c,
    pair.1 <= pair.2 + 3 * 86400000,
    e.touched OR u.touched,
    e.moved
FROM (SELECT * FROM alert_events WHERE type = 'sppg.food.tested') AS e
JOIN
(
    SELECT unit_id, batch, t, since, c, touched FROM alert_events WHERE type = 'sppg.delivery.received'
    UNION ALL
    SELECT unit_id, arrayJoin(arrayDistinct(batches)), t, since, c, touched FROM alert_events WHERE type = 'sppg.dispatch.departed'
) AS u ON u.unit_id = e.unit_id AND u.batch = e.batch
WHERE abs(u.t - e.t) <= 86400000;

-- A lot that is ready to eat and made over 24 hours before is cooked with, or a batch of it delivered.
INSERT INTO alert_pairs
SELECT
    'old_food', u.unit_id, u.lot, concat(u.id, '/', u.lot),
    (greatest(i.since, u.since), u.t) AS pair,
    i.ready AND ifNull(u.t - i.made > 86400000, 0) AND i.c AND u.c,
    pair.1 <= least(i.t, u.earliest) + 3 * 86400000,
    i.touched OR u.touched,
    i.moved
FROM
(
    SELECT
        k.unit_id AS unit_id, k.id AS id, arrayJoin(arrayDistinct(k.lots)) AS lot, d.t AS t, least(k.t, d.t) AS earliest,
        greatest(k.since, d.since) AS since, k.c AND d.c AS c, k.touched OR d.touched AS touched
    FROM (SELECT * FROM alert_events WHERE type = 'sppg.cooking.finished') AS k
    JOIN (SELECT * FROM alert_events WHERE type = 'sppg.delivery.received') AS d ON d.unit_id = k.unit_id AND d.batch = k.batch
    WHERE abs(d.t - k.t) <= 86400000
    UNION ALL
    SELECT unit_id, id, arrayJoin(arrayDistinct(lots)), t, t, since, c, touched
    FROM alert_events
    WHERE type = 'sppg.cooking.finished'
) AS u
JOIN (SELECT * FROM alert_events WHERE type = 'sppg.ingredient.received') AS i ON i.unit_id = u.unit_id AND i.lot = u.lot;

-- More events only make an alert sooner: it was raised when the first pair was known. Where one is touched, or the first needs
-- what may have been forgotten, each start is possible.
INSERT INTO r_alerts
SELECT
    kind, unit_id, subject, arrayJoin(if(clear, [found.2], starts)), clear, found.1,
    greatest(found.1 + 120000, (SELECT known FROM alert_begin)), again, NULL, '', if(clear, 3, 0), if(any_moved, NULL, any_bad)
FROM
(
    SELECT
        kind, unit_id, subject, key,
        max(bad) AS any_bad,
        max(moved) AS any_moved,
        minIf(pair, bad) AS found,
        NOT max(touched) AND found = minIf(pair, bad AND near) AND found.1 >= (SELECT known FROM alert_begin) - 120000 AS clear,
        groupUniqArray(pair.2) AS starts,
        groupUniqArrayIf(pair.1, bad) AS again,
        max(touched) AS any_touched
    FROM alert_pairs
    GROUP BY kind, unit_id, subject, key
)
WHERE any_bad OR any_touched;
