-- The events of some local days into the tables of 40_accepted. Audited windows cover 29 days before the first audited one too.
-- Parameters:
--   region String          region code
--   zone   String          its time zone
--   first, last Date       the days, both inclusive
--   near   Date            from this day on panes are asked for: what is earlier is added up by day

INSERT INTO kitchen_panes
SELECT
    day,
    pane,
    unit_id,
    kec,
    sumIf(portions, type = 'sppg.cooking.finished' AND c) AS portions_cooked,
    sumIf(portions, type = 'sppg.dispatch.departed' AND c) AS portions_dispatched,
    sumIf(portions, type = 'sppg.delivery.received' AND c) AS portions_received,
    sumIf(arraySum(g -> g.2, eaten), type = 'sppg.meal.eaten' AND c) AS portions_eaten,
    countIf(type = 'sppg.delivery.received' AND c) AS deliveries,
    countIf(type = 'sppg.delivery.received' AND c AND on_time) AS deliveries_on_time,
    countIf(type = 'sppg.delivery.received' AND c AND fresh AND minutes > 240) AS deliveries_over_4h,
    countIf(type = 'sppg.delivery.received' AND c AND fresh AND minutes > 360) AS deliveries_over_6h,
    countIf(type = 'sppg.food.tested' AND c) AS tests,
    countIf(type = 'sppg.food.tested' AND c AND NOT passed) AS tests_failed,
    countIf(type = 'sppg.temperature.measured' AND c) AS temp_readings,
    countIf(type = 'sppg.temperature.measured' AND c AND in_range) AS temp_in_range,
    sumIf(leftover, type = 'sppg.meal.eaten' AND c) AS leftover_g,
    countIf(type = 'sppg.incident.reported' AND c) AS incidents,
    countIf(c) AS events,
    groupArrayIf(toUInt32(minutes), type = 'sppg.delivery.received' AND c AND fresh) AS all_minutes
FROM accepted(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
WHERE startsWith(type, 'sppg.') AND NOT (plain AND brief)
GROUP BY day, pane, unit_id, kec;

-- The same of brief lines: added up first, and judged by unit and day.
INSERT INTO kitchen_panes (
    day, pane, unit_id, kec, portions_cooked, portions_dispatched, tests, tests_failed, temp_readings, temp_in_range, incidents, events
)
SELECT
    day, l.pane, l.unit_id, u.kec, portions_cooked, portions_dispatched, tests, tests_failed, temp_readings, temp_in_range, incidents, events
FROM
(
    SELECT
        unit_id,
        day,
        if(day >= {near:Date}, pane, 0) AS pane,
        sumIf(portions, type = 'sppg.cooking.finished') AS portions_cooked,
        sumIf(portions, type = 'sppg.dispatch.departed') AS portions_dispatched,
        countIf(type = 'sppg.food.tested') AS tests,
        countIf(type = 'sppg.food.tested' AND NOT passed) AS tests_failed,
        countIf(type = 'sppg.temperature.measured') AS temp_readings,
        countIf(type = 'sppg.temperature.measured' AND in_range) AS temp_in_range,
        countIf(type = 'sppg.incident.reported') AS incidents,
        count() AS events
    FROM lines(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
    WHERE brief AND new AND unit_kind = 'sppg' AND NOT misplaced
        AND day BETWEEN {first:Date} AND {last:Date}
        AND t - r <= 300000 AND r - t <= 30 * 86400000
    GROUP BY unit_id, day, pane
) AS l
ASOF JOIN units AS u ON u.unit_id = l.unit_id AND u.valid_from <= l.day
WHERE u.kind = 'sppg';

INSERT INTO meal_panes
SELECT day, pane, subject, rkec, one.1 AS grp, sum(one.2 * c)
FROM accepted(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
ARRAY JOIN arrayPushBack(eaten, ('all', arraySum(g -> g.2, eaten))) AS one
WHERE type = 'sppg.meal.eaten'
GROUP BY day, pane, subject, rkec, grp;

INSERT INTO clinic_events
SELECT
    day,
    pane,
    unit_id,
    kec,
    type,
    c,
    person,
    (t, source, id),
    type = 'clinic.growth.measured' AND stunted,
    type = 'clinic.growth.measured' AND wasted,
    ifNull(hb < 11, 0),
    syndrome = 'foodborne',
    cases
FROM measured(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date});

INSERT INTO recipient_events
SELECT
    day,
    pane,
    unit_id,
    kec,
    type,
    c,
    id,
    rec,
    kitchen,
    portions,
    refused,
    senses_passed,
    arraySum(g -> g.2, eaten),
    leftover,
    present,
    absent_ill,
    ill,
    groups
FROM accepted(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
WHERE startsWith(type, 'recipient.');
