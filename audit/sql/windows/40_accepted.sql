-- What accepted events put into panes: a view, and tables that 41_panes fills, after 34_trees. Parameters, of the
-- views: those of 12_judged.

-- Accepted events of the days that may put a row into windows. `c` is 1 for what counts and 0 for what is only there: a row
-- stays, at zero, if it is corrected away. `plain`: nothing corrects it.
CREATE VIEW accepted AS
SELECT *
FROM
(
    SELECT *, 1 AS plain, toUInt8(1) AS c
    FROM judged(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
    WHERE new AND code = ''
    UNION ALL
    SELECT * EXCEPT (n, verdict, counts, superseded_by, retracted, single, clear), 0 AS plain, counts AS c
    FROM trees
)
WHERE day BETWEEN {first:Date} AND {last:Date} AND type NOT IN ('unit.heartbeat', 'event.retracted');

-- With the z-scores of growth: z = ((y / M)^L - 1) / (L * S); a weight below -3 SD is measured in steps of the distance between
-- 2 and 3 SD. `stunted`, `wasted`: z < -2; 0 where there is no z. A z above 3 is not below -2, whatever it is exactly, so
-- the upper tail needs no formula. Between two rows of a table by height L, M and S are interpolated: a height may have more
-- than one decimal. 78.3 + 0.7 must meet the row of 79.0, so tenths are rounded at the sixth decimal.
CREATE VIEW measured AS
SELECT
    *,
    (pow(cm / tall.m, tall.l) - 1) / (tall.l * tall.s) AS haz,
    (pow(weight_kg / w.m, w.l) - 1) / (w.l * w.s) AS whz_plain,
    w.m * pow(1 + w.l * w.s * -2, 1 / w.l) AS two_below,
    w.m * pow(1 + w.l * w.s * -3, 1 / w.l) AS three_below,
    if(whz_plain < -3, -3 + (weight_kg - three_below) / (two_below - three_below), whz_plain) AS whz,
    has_tall AND haz < -2 AND haz >= -6 AS stunted,
    has_w AND whz < -2 AND whz >= -5 AS wasted
FROM
(
    SELECT
        g.*,
        h.lms AS tall,
        h.standard != '' AS has_tall,
        CAST(if(share = 0, a.lms, (
            a.lms.l + (b.lms.l - a.lms.l) * share,
            a.lms.m + (b.lms.m - a.lms.m) * share,
            a.lms.s + (b.lms.s - a.lms.s) * share
        )), 'Tuple(l Float64, m Float64, s Float64)') AS w,
        a.standard != '' AND (share = 0 OR b.standard != '') AS has_w
    FROM
    (
        SELECT
            *,
            height_cm + multiIf(age_days < 731 AND posture = 'standing', 0.7, age_days >= 731 AND posture = 'lying', -0.7, 0) AS cm,
            round(cm * 10, 6) AS tenths,
            toInt32(floor(tenths)) AS low,
            tenths - low AS share,
            if(age_days < 731, 'wfl', 'wfh') AS standard
        FROM accepted(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date})
        WHERE startsWith(type, 'clinic.')
    ) AS g
    LEFT JOIN (SELECT standard, sex, step, lms FROM growth_standards WHERE standard = 'lfa') AS h ON h.sex = g.sex AND h.step = g.age_days
    LEFT JOIN growth_standards AS a ON a.standard = g.standard AND a.sex = g.sex AND a.step = g.low
    LEFT JOIN growth_standards AS b ON b.standard = g.standard AND b.sex = g.sex AND b.step = g.low + 1
);

-- `minutes`: from cooking to receipt, of fresh deliveries.
CREATE TABLE kitchen_panes
(
    day Date,
    pane UInt32,
    unit_id String,
    kec String,
    portions_cooked UInt64,
    portions_dispatched UInt64,
    portions_received UInt64,
    portions_eaten UInt64,
    deliveries UInt64,
    deliveries_on_time UInt64,
    deliveries_over_4h UInt64,
    deliveries_over_6h UInt64,
    tests UInt64,
    tests_failed UInt64,
    temp_readings UInt64,
    temp_in_range UInt64,
    leftover_g UInt64,
    incidents UInt64,
    events UInt64,
    minutes Array(UInt32)
)
ENGINE = MergeTree ORDER BY day;

CREATE TABLE meal_panes (day Date, pane UInt32, recipient String, kec String, grp String, eaten UInt64)
ENGINE = MergeTree ORDER BY day;

CREATE TABLE clinic_events
(
    day Date,
    pane UInt32,
    unit_id String,
    kec String,
    type String,
    c UInt8,
    person String,
    at Tuple(t Int64, source String, id String),
    stunted UInt8,
    wasted UInt8,
    anaemic UInt8,
    foodborne UInt8,
    cases UInt64
)
ENGINE = MergeTree ORDER BY day;

CREATE TABLE recipient_events
(
    day Date,
    pane UInt32,
    unit_id String,
    kec String,
    type String,
    c UInt8,
    id String,
    rec Int64,
    kitchen String,
    portions UInt64,
    refused UInt64,
    senses_passed UInt8,
    eaten UInt64,
    leftover UInt64,
    present UInt64,
    absent_ill UInt64,
    ill UInt64,
    groups Array(String)
)
ENGINE = MergeTree ORDER BY day;
