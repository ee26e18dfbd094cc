-- Lines as the audit sees them, after 10 and 11: two views, and tables that 20_copies fills. Parameters, of the views:
--   region String          region code
--   zone   String          its time zone
--   first, last Date       local days, both inclusive; lines of the day before and after may be among them

-- (source, id) as numbers. `plain`: all copies say the same, in one partition and in time; `first` is the place of the
-- earliest. `keys`: what corrects, is corrected, or occurs twice in any other way. `odd`: both.
CREATE TABLE plain (key UInt64, first Tuple(offset UInt64, line UInt32)) ENGINE = Memory;
CREATE TABLE keys (key UInt64) ENGINE = Memory;
CREATE TABLE odd (key UInt64) ENGINE = Memory;

-- Well-formed lines below the cut, in columns of plain types. Times are epoch milliseconds.
--   alone      it has no conflict, correction or retraction, only equal copies
--   spare      if it is alone: it is a copy of an earlier one
--   new        it is alone and not spare: most lines cost one look-up
--   brief      it names no recipient and no other time: what holds for its unit and day holds for it. Most lines are such
--   misplaced  it lies where its unit's lines do not belong
CREATE VIEW lines AS
SELECT
    topic,
    partition,
    offset,
    line,
    toString(unit_kind) AS unit_kind,
    unit_id,
    source,
    id,
    toString(type) AS type,
    subject,
    supersedes,
    person,
    event_key,
    content,
    toUnixTimestamp64Milli(time) AS t,
    toUnixTimestamp64Milli(received_at) AS r,
    toUnixTimestamp64Milli(recorded_at) AS rec,
    toDate(time, {zone:String}) AS day,
    toHour(time, {zone:String}) * 3600000 + toMinute(time, {zone:String}) * 60000
        + toSecond(time, {zone:String}) * 1000 + t % 1000 AS ms_of_day,
    intDiv(t, 300000) AS pane,
    ifNull(data.kitchen, '') AS kitchen,
    -- What the registry is asked for: a recipient speaks for itself, and may name a kitchen.
    if(unit_kind = 'recipient', kitchen, unit_id) AS unit_named,
    if(unit_kind = 'recipient', unit_id, subject) AS recipient_named,
    toUnixTimestamp64Milli(data.cooked_at) AS cooked,
    toUnixTimestamp64Milli(data.onset) AS onset,
    toUnixTimestamp64Milli(data.ate_at) AS ate,
    toUnixTimestamp64Milli(data.made_at) AS made,
    toUnixTimestamp64Milli(data.since) AS since,
    ifNull(data.package, 'fresh') = 'fresh' AS fresh,
    ifNull(data.batch, '') AS batch,
    data.batches AS batches,
    ifNull(data.lot, '') AS lot,
    ifNull(data.supplier, '') AS supplier,
    data.lots AS lots,
    ifNull(data.ready_to_eat, 0) AS ready,
    ifNull(data.point, '') AS point,
    ifNull(data.sensor, '') AS sensor,
    data.reasons AS reasons,
    ifNull(data.portions, 0) AS portions,
    ifNull(data.refused, 0) AS refused,
    ifNull(data.senses_passed, 0) AS senses_passed,
    ifNull(data.leftover_g, 0) AS leftover,
    ifNull(data.passed, 0) AS passed,
    ifNull(data.absent_ill, 0) AS absent_ill,
    ifNull(data.ill, 0) AS ill,
    ifNull(data.cases, 0) AS cases,
    ifNull(data.syndrome, '') AS syndrome,
    ifNull(data.sex, '') AS sex,
    ifNull(data.posture, '') AS posture,
    ifNull(data.age_days, 0) AS age_days,
    ifNull(data.weight_kg, 0) AS weight_kg,
    ifNull(data.height_cm, 0) AS height_cm,
    data.hb_g_dl AS hb,
    data.groups AS groups,
    ifNull(data.present.paud, 0) + ifNull(data.present.sd, 0) + ifNull(data.present.smp, 0)
        + ifNull(data.present.sma, 0) + ifNull(data.present.santri, 0) + ifNull(data.present.guru, 0)
        + ifNull(data.present.bumil, 0) + ifNull(data.present.busui, 0) + ifNull(data.present.balita, 0) AS present,
    arrayMap(g -> (g.1, assumeNotNull(g.2)), arrayFilter(g -> g.2 IS NOT NULL, [
        ('paud', data.eaten.paud), ('sd', data.eaten.sd), ('smp', data.eaten.smp),
        ('sma', data.eaten.sma), ('santri', data.eaten.santri), ('guru', data.eaten.guru),
        ('bumil', data.eaten.bumil), ('busui', data.eaten.busui), ('balita', data.eaten.balita)
    ])) AS eaten,
    ifNull(multiIf(
        data.point = 'chiller', data.temp_c BETWEEN (SELECT chiller_min_c FROM limits) AND (SELECT chiller_max_c FROM limits),
        data.point = 'freezer', data.temp_c <= (SELECT freezer_max_c FROM limits),
        data.point = 'hot_holding', data.temp_c >= (SELECT hot_holding_min_c FROM limits),
        0
    ), 0) AS in_range,
    event_key NOT IN (SELECT key FROM keys) AS alone,
    if(event_key IN (SELECT key FROM plain),
        (event_key, offset, line) NOT IN (SELECT key, first.offset, first.line FROM plain), 0) AS spare,
    if(event_key IN (SELECT key FROM odd),
        (event_key, offset, line) IN (SELECT key, first.offset, first.line FROM plain), 1) AS new,
    subject = '' AND type IN (
        'sppg.temperature.measured', 'sppg.cooking.finished', 'sppg.dispatch.departed', 'sppg.food.tested', 'sppg.incident.reported'
    ) AS brief,
    topic != concat(unit_kind, '.events') OR partition != bitAnd(kafkaMurmurHash(unit_id), 2147483647) % greatest(1, multiIf(
        topic = 'sppg.events', length((SELECT sppg FROM cut)),
        topic = 'clinic.events', length((SELECT clinic FROM cut)),
        length((SELECT recipient FROM cut))
    )) AS misplaced
FROM pantau_store.raw_lines
WHERE region = {region:String}
    AND parsed = 1
    AND toDate(time) BETWEEN {first:Date} - 1 AND {last:Date} + 1
    AND (
        topic = 'sppg.events' AND offset < (SELECT sppg FROM cut)[partition + 1]
        OR topic = 'clinic.events' AND offset < (SELECT clinic FROM cut)[partition + 1]
        OR topic = 'recipient.events' AND offset < (SELECT recipient FROM cut)[partition + 1]
    );

-- Lines with the source's kecamatan (`kec`), the named recipient's (`rkec`), what a delivery amounts to, and `code`: why
-- the line is refused by the rules that need the registry, the time or the partition; empty if it is not.
CREATE VIEW judged AS
SELECT
    l.*,
    if(l.unit_kind = 'recipient', p.p_kec, u.u_kec) AS kec,
    p.p_kec AS rkec,
    ifNull(intDiv(l.t - l.cooked, 60000), 0) AS minutes,
    p.p_id != '' AND l.ms_of_day <= p.meal_ms AS on_time,
    multiIf(
        l.misplaced, 'wrong_partition',
        l.r - l.t > 30 * 86400000, 'too_old',
        l.t - l.r > 300000, 'in_future',
        l.unit_kind = 'recipient' AND p.p_id = '', 'unknown_recipient',
        l.unit_kind != 'recipient' AND u.u_id = '', 'unknown_unit',
        l.unit_kind != 'recipient' AND u.u_kind != l.unit_kind, 'wrong_kind',
        splitByChar('.', l.type)[1] NOT IN ('unit', 'event', l.unit_kind), 'wrong_kind',
        l.type = 'recipient.delivery.checked' AND u.u_id = '', 'unknown_unit',
        l.type = 'recipient.delivery.checked' AND u.u_kind != 'sppg', 'wrong_kind',
        l.subject != '' AND p.p_id = '', 'unknown_recipient',
        l.supersedes = l.id, 'self_superseding',
        l.type = 'sppg.delivery.received' AND l.cooked > l.t, 'cooked_at_after_time',
        l.type = 'sppg.delivery.received' AND l.fresh AND l.cooked IS NULL, 'missing_field',
        l.type = 'sppg.delivery.received' AND l.t - l.cooked > 30 * 86400000, 'cooked_at_too_early',
        l.type = 'clinic.case.reported' AND l.onset > l.t, 'onset_after_time',
        l.type = 'clinic.case.reported' AND ifNull(l.ate > l.onset, 0), 'ate_at_after_onset',
        l.type = 'sppg.ingredient.received' AND l.made > l.t, 'made_at_after_time',
        l.type IN ('clinic.cases.counted', 'recipient.illness.noticed') AND l.since > l.t, 'since_after_time',
        ''
    ) AS code
FROM lines(region = {region:String}, zone = {zone:String}, first = {first:Date}, last = {last:Date}) AS l
ASOF LEFT JOIN
(
    SELECT unit_id AS u_id, valid_from AS u_from, kind AS u_kind, kec AS u_kec FROM units
) AS u ON u.u_id = l.unit_named AND u.u_from <= l.day
ASOF LEFT JOIN
(
    SELECT recipient_id AS p_id, valid_from AS p_from, kec AS p_kec, meal_ms FROM recipients
) AS p ON p.p_id = l.recipient_named AND p.p_from <= l.day;
