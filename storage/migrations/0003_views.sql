-- Made by `python -m sinks.schema` from contracts/, sinks/schema.py, sinks/views.py.

CREATE OR REPLACE VIEW pantau.events
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_kind` LowCardinality(String) COMMENT 'sppg (kitchen) or clinic',
    `unit_id` String COMMENT 'Unit that sent it',
    `id` String COMMENT 'Id of the event; unique with region, unit_kind and unit_id',
    `type` LowCardinality(String) COMMENT 'Type of the event, e.g. sppg.meal.eaten',
    `subject` String COMMENT 'Recipient that it is about, or empty',
    `time` DateTime64(3, 'UTC') COMMENT 'When it happened',
    `received_at` DateTime('UTC') COMMENT 'Region\'s clock when it was accepted; rules on lateness use it',
    `recorded_at` DateTime('UTC') COMMENT 'When the statement was made; `time` if not said',
    `supersedes` String COMMENT 'Id of the event that it corrects, or empty',
    `data` JSON(batch Nullable(String), trip Nullable(String), point Nullable(String), sensor Nullable(String), test Nullable(String), kind Nullable(String), note Nullable(String), sex Nullable(String), posture Nullable(String), antigen Nullable(String), syndrome Nullable(String), outcome Nullable(String), version Nullable(String), reason Nullable(String), core_temp_c Nullable(Float64), temp_c Nullable(Float64), weight_kg Nullable(Float64), height_cm Nullable(Float64), hb_g_dl Nullable(Float64), battery_pct Nullable(Float64), portions Nullable(UInt64), leftover_g Nullable(UInt64), severity Nullable(UInt64), age_days Nullable(UInt64), age_years Nullable(UInt64), dose Nullable(UInt64), visit Nullable(UInt64), outbox Nullable(UInt64), eaten.paud Nullable(UInt64), eaten.sd Nullable(UInt64), eaten.smp Nullable(UInt64), eaten.sma Nullable(UInt64), eaten.santri Nullable(UInt64), eaten.guru Nullable(UInt64), eaten.bumil Nullable(UInt64), eaten.busui Nullable(UInt64), eaten.balita Nullable(UInt64), cooked_at Nullable(DateTime64(3, 'UTC')), onset Nullable(DateTime64(3, 'UTC')), ate_at Nullable(DateTime64(3, 'UTC')), batches Array(String), symptoms Array(String), passed Nullable(Bool), SKIP child, SKIP mother, SKIP patient) COMMENT 'What it says, a typed path for every field (null where it has none); no pseudonyms',
    `superseded_by` String COMMENT 'Id of what counts instead at last, or empty',
    `retracted` UInt8 COMMENT '1 if a retraction ends its chain of corrections',
    `counts` UInt8 COMMENT '1 if the event itself counts; 0 if corrected, retracted, outdone, or a retraction'
)
SQL SECURITY DEFINER
AS SELECT
    l.region AS region,
    l.unit_kind AS unit_kind,
    l.unit_id AS unit_id,
    l.id AS id,
    l.type AS type,
    l.subject AS subject,
    l.time AS time,
    toDateTime(l.received_at, 'UTC') AS received_at,
    toDateTime(l.recorded_at, 'UTC') AS recorded_at,
    l.supersedes AS supersedes,
    l.data AS data,
    ifNull(s.superseded_by, '') AS superseded_by,
    ifNull(s.retracted, 0) AS retracted,
    if(ifNull(s.known, 0) = 1, ifNull(s.counts, 0), l.type != 'event.retracted') AS counts
FROM
(
    SELECT `region`, `unit_kind`, `unit_id`, `source`, `id`, `type`, `subject`, `time`,
        `received_at`, `recorded_at`, `supersedes`, `data`
    FROM pantau_store.raw_lines FINAL
    WHERE `offset` < if(`topic` = 'sppg.events',
        (SELECT groupArrayInsertAt(0)(`position`, toUInt32(`partition`))
            FROM pantau_store.positions FINAL
            WHERE `stream` = 'verdicts' AND `topic` = 'sppg.events'),
        (SELECT groupArrayInsertAt(0)(`position`, toUInt32(`partition`))
            FROM pantau_store.positions FINAL
            WHERE `stream` = 'verdicts' AND `topic` = 'clinic.events'))[`partition` + 1]
        AND (`topic`, `partition`, `offset`, `line`) NOT IN
            (SELECT `topic`, `partition`, `offset`, `line` FROM pantau_store.exceptions)
        AND `parsed` = 1
) AS l
LEFT JOIN
(
    SELECT `source`, `id`, `superseded_by`, `retracted`, `counts`, toUInt8(1) AS known
    FROM pantau_store.event_status FINAL
) AS s ON l.source = s.source AND l.id = s.id
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'Every accepted event once, and what corrections made of it';

CREATE OR REPLACE VIEW pantau.performance
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `level` LowCardinality(String) COMMENT 'unit, recipient, kecamatan or kabupaten',
    `area_id` String COMMENT 'Id of the unit, recipient, kecamatan or region',
    `window` LowCardinality(String) COMMENT '15m, 1h (sliding by 5 minutes), 1d, 7d or 30d (local days)',
    `window_start` DateTime('UTC') COMMENT 'Start of the window, inclusive',
    `window_end` DateTime('UTC') COMMENT 'End of the window, exclusive',
    `day` Date COMMENT 'Local date of the window\'s last moment',
    `portions_cooked` UInt64 COMMENT 'Portions cooked',
    `portions_dispatched` UInt64 COMMENT 'Portions dispatched',
    `portions_received` UInt64 COMMENT 'Portions received by recipients',
    `portions_eaten` UInt64 COMMENT 'Portions eaten, all groups',
    `deliveries` UInt64 COMMENT 'Deliveries received',
    `deliveries_on_time` UInt64 COMMENT 'Deliveries received at or before the recipient\'s meal_time (local time of day)',
    `deliveries_over_4h` UInt64 COMMENT 'Deliveries more than 240 minutes after cooking',
    `deliveries_over_6h` UInt64 COMMENT 'Deliveries more than 360 minutes after cooking',
    `tests` UInt64 COMMENT 'Food tests',
    `tests_failed` UInt64 COMMENT 'Food tests not passed',
    `temp_readings` UInt64 COMMENT 'Temperature readings',
    `temp_in_range` UInt64 COMMENT 'Readings in range: chiller 0..5, freezer <= -18, hot_holding >= 60 degrees Celsius',
    `leftover_g` UInt64 COMMENT 'Leftovers, grams',
    `incidents` UInt64 COMMENT 'Incidents reported',
    `events` UInt64 COMMENT 'Events that count, less heartbeats and retractions',
    `cook_to_receive_p50_min` Nullable(UInt32) COMMENT 'Median of whole minutes from cooked_at to receipt (quantileExact); null without deliveries',
    `cook_to_receive_p95_min` Nullable(UInt32) COMMENT '95th percentile of whole minutes from cooked_at to receipt (quantileExact); null without deliveries',
    `cook_to_receive_max_min` Nullable(UInt32) COMMENT 'Greatest number of whole minutes from cooked_at to receipt; null without deliveries',
    `portions_target` Nullable(UInt64) COMMENT 'Registered of the kitchen\'s recipients, summed over the window\'s service days; null for 15m and 1h',
    `is_final` UInt8 COMMENT '1 when nothing accepted later can fall in the window: all events received up to 30 days after its end are in',
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `level`,
    `area_id`,
    `window`,
    `window_start`,
    `window_end`,
    `day`,
    `portions_cooked`,
    `portions_dispatched`,
    `portions_received`,
    `portions_eaten`,
    `deliveries`,
    `deliveries_on_time`,
    `deliveries_over_4h`,
    `deliveries_over_6h`,
    `tests`,
    `tests_failed`,
    `temp_readings`,
    `temp_in_range`,
    `leftover_g`,
    `incidents`,
    `events`,
    `cook_to_receive_p50_min`,
    `cook_to_receive_p95_min`,
    `cook_to_receive_max_min`,
    `portions_target`,
    ifNull(`window_end` + INTERVAL 30 DAY <= if(`level` = 'unit', (SELECT min(`watermark`) FROM pantau_store.positions FINAL WHERE `stream` = 'unit.windows'), (SELECT min(`watermark`) FROM pantau_store.positions FINAL WHERE `stream` = 'area.windows')), 0) AS is_final,
    `revision`,
    `updated_at`
FROM pantau_store.performance FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'Kitchens\' work by window: level unit, kecamatan (of the kitchen) or kabupaten';

CREATE OR REPLACE VIEW pantau.coverage
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `level` LowCardinality(String) COMMENT 'unit, recipient, kecamatan or kabupaten',
    `area_id` String COMMENT 'Id of the unit, recipient, kecamatan or region',
    `window` LowCardinality(String) COMMENT '15m, 1h (sliding by 5 minutes), 1d, 7d or 30d (local days)',
    `window_start` DateTime('UTC') COMMENT 'Start of the window, inclusive',
    `window_end` DateTime('UTC') COMMENT 'End of the window, exclusive',
    `day` Date COMMENT 'Local date of the window\'s last moment',
    `group` LowCardinality(String) COMMENT 'paud, sd, smp, sma, santri, guru, bumil, busui, balita, or all',
    `eaten` UInt64 COMMENT 'Portions eaten by the group',
    `target` Nullable(UInt64) COMMENT 'Registered of the group, summed over the window\'s service days; null for 15m and 1h',
    `recipients_served` UInt64 COMMENT 'Distinct recipients with eaten > 0 in the group (all: in any)',
    `recipients_target` Nullable(UInt64) COMMENT 'Distinct recipients with registered > 0 in the group on a service day of the window; null for 15m and 1h',
    `is_final` UInt8 COMMENT '1 when nothing accepted later can fall in the window: all events received up to 30 days after its end are in',
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `level`,
    `area_id`,
    `window`,
    `window_start`,
    `window_end`,
    `day`,
    `group`,
    `eaten`,
    `target`,
    `recipients_served`,
    `recipients_target`,
    ifNull(`window_end` + INTERVAL 30 DAY <= (SELECT min(`watermark`) FROM pantau_store.positions FINAL WHERE `stream` = 'area.windows'), 0) AS is_final,
    `revision`,
    `updated_at`
FROM pantau_store.coverage FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'Meals eaten against registered people by window and group: level recipient, kecamatan (of the recipient) or kabupaten';

CREATE OR REPLACE VIEW pantau.clinic_coverage
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `level` LowCardinality(String) COMMENT 'unit, recipient, kecamatan or kabupaten',
    `area_id` String COMMENT 'Id of the unit, recipient, kecamatan or region',
    `window` LowCardinality(String) COMMENT '15m, 1h (sliding by 5 minutes), 1d, 7d or 30d (local days)',
    `window_start` DateTime('UTC') COMMENT 'Start of the window, inclusive',
    `window_end` DateTime('UTC') COMMENT 'End of the window, exclusive',
    `day` Date COMMENT 'Local date of the window\'s last moment',
    `children_measured` UInt64 COMMENT 'Distinct children measured',
    `children_registered` Nullable(UInt64) COMMENT 'Registered children of the clinics active on the last day; null for 15m and 1h',
    `children_stunted` UInt64 COMMENT 'Distinct children whose last measurement in the window has height-for-age z < -2 (WHO 2006)',
    `children_wasted` UInt64 COMMENT 'Distinct children whose last measurement in the window has weight-for-length/height z < -2 (WHO 2006)',
    `children_immunized` UInt64 COMMENT 'Distinct children immunized',
    `doses_given` UInt64 COMMENT 'Vaccine doses given',
    `mothers_seen` UInt64 COMMENT 'Distinct mothers seen',
    `mothers_anaemic` UInt64 COMMENT 'Distinct mothers with any haemoglobin < 11 g/dL',
    `foodborne_cases` UInt64 COMMENT 'Cases with syndrome foodborne',
    `is_final` UInt8 COMMENT '1 when nothing accepted later can fall in the window: all events received up to 30 days after its end are in',
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `level`,
    `area_id`,
    `window`,
    `window_start`,
    `window_end`,
    `day`,
    `children_measured`,
    `children_registered`,
    `children_stunted`,
    `children_wasted`,
    `children_immunized`,
    `doses_given`,
    `mothers_seen`,
    `mothers_anaemic`,
    `foodborne_cases`,
    ifNull(`window_end` + INTERVAL 30 DAY <= if(`level` = 'unit', (SELECT min(`watermark`) FROM pantau_store.positions FINAL WHERE `stream` = 'unit.windows'), (SELECT min(`watermark`) FROM pantau_store.positions FINAL WHERE `stream` = 'area.windows')), 0) AS is_final,
    `revision`,
    `updated_at`
FROM pantau_store.clinic_coverage FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'Clinics\' work by window: level unit, kecamatan or kabupaten';

CREATE OR REPLACE VIEW pantau.alerts
(
    `id` String COMMENT 'Alert id',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `kind` LowCardinality(String) COMMENT 'Kind of alert',
    `severity` UInt8 COMMENT '1 pantau, 2 waspada, 3 siaga',
    `unit_id` String COMMENT 'Unit',
    `subject` String COMMENT 'Recipient, batch or sensor point',
    `state` LowCardinality(String) COMMENT 'raised, acknowledged or resolved',
    `resolution` String COMMENT 'Why it was resolved',
    `raised_at` DateTime('UTC') COMMENT 'When it was raised (region\'s clock)',
    `updated_at` DateTime('UTC') COMMENT 'When it last changed',
    `resolved_at` Nullable(DateTime('UTC')) COMMENT 'When it was resolved',
    `acknowledged_by` String COMMENT 'Who acknowledged it',
    `acknowledged_at` Nullable(DateTime('UTC')) COMMENT 'When it was acknowledged',
    `evidence` JSON COMMENT 'What it rests on, JSON'
)
SQL SECURITY DEFINER
AS SELECT
    c.`id` AS id,
    c.`region` AS region,
    c.`kind` AS kind,
    c.`severity` AS severity,
    c.`unit_id` AS unit_id,
    c.`subject` AS subject,
    c.`state` AS state,
    c.`resolution` AS resolution,
    toDateTime(c.`raised_at`, 'UTC') AS raised_at,
    toDateTime(c.`updated_at`, 'UTC') AS updated_at,
    toDateTime(c.`resolved_at`, 'UTC') AS resolved_at,
    c.`acknowledged_by` AS acknowledged_by,
    toDateTime(c.`acknowledged_at`, 'UTC') AS acknowledged_at,
    if(JSONType(`evidence`) = 'Object', `evidence`, '{}')::JSON AS evidence
FROM pantau_store.alert_changes AS c FINAL
ORDER BY c.`revision` DESC
LIMIT 1 BY c.`id`
COMMENT 'Every alert in its latest state';

CREATE OR REPLACE VIEW pantau.alert_history
(
    `id` String COMMENT 'Alert id',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `kind` LowCardinality(String) COMMENT 'Kind of alert',
    `severity` UInt8 COMMENT '1 pantau, 2 waspada, 3 siaga',
    `unit_id` String COMMENT 'Unit',
    `subject` String COMMENT 'Recipient, batch or sensor point',
    `state` LowCardinality(String) COMMENT 'raised, acknowledged or resolved',
    `resolution` String COMMENT 'Why it was resolved',
    `raised_at` DateTime('UTC') COMMENT 'When it was raised (region\'s clock)',
    `updated_at` DateTime('UTC') COMMENT 'When it last changed',
    `resolved_at` Nullable(DateTime('UTC')) COMMENT 'When it was resolved',
    `acknowledged_by` String COMMENT 'Who acknowledged it',
    `acknowledged_at` Nullable(DateTime('UTC')) COMMENT 'When it was acknowledged',
    `evidence` JSON COMMENT 'What it rests on, JSON',
    `revision` UInt64 COMMENT 'Orders the changes of an alert'
)
SQL SECURITY DEFINER
AS SELECT
    c.`id` AS id,
    c.`region` AS region,
    c.`kind` AS kind,
    c.`severity` AS severity,
    c.`unit_id` AS unit_id,
    c.`subject` AS subject,
    c.`state` AS state,
    c.`resolution` AS resolution,
    toDateTime(c.`raised_at`, 'UTC') AS raised_at,
    toDateTime(c.`updated_at`, 'UTC') AS updated_at,
    toDateTime(c.`resolved_at`, 'UTC') AS resolved_at,
    c.`acknowledged_by` AS acknowledged_by,
    toDateTime(c.`acknowledged_at`, 'UTC') AS acknowledged_at,
    if(JSONType(`evidence`) = 'Object', `evidence`, '{}')::JSON AS evidence,
    c.`revision` AS revision
FROM pantau_store.alert_changes AS c FINAL
COMMENT 'Every change of every alert';

CREATE OR REPLACE VIEW pantau.dead_letters
(
    `letter_id` String COMMENT 'Identity of the letter',
    `received_at` DateTime('UTC') COMMENT 'Region\'s clock when it was refused',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_id` String COMMENT 'Unit, as far as known',
    `code` LowCardinality(String) COMMENT 'Why, as in the catalogue of codes',
    `detail` String COMMENT 'What is wrong and what to do',
    `attempts` UInt32 COMMENT 'Times it was tried',
    `topic` LowCardinality(String) COMMENT 'Kafka topic of the line; `ingest` when it never reached one',
    `partition` Int32 COMMENT 'Kafka partition; -1 when it never reached one',
    `offset` Int64 COMMENT 'Kafka offset; -1 when it never reached one',
    `line` UInt32 COMMENT 'Line in the record, from 0'
)
SQL SECURITY DEFINER
AS SELECT
    d.`letter_id` AS letter_id,
    toDateTime(d.`received_at`, 'UTC') AS received_at,
    d.`region` AS region,
    d.`unit_id` AS unit_id,
    d.`code` AS code,
    d.`detail` AS detail,
    d.`attempts` AS attempts,
    d.`topic` AS topic,
    d.`partition` AS partition,
    d.`offset` AS offset,
    d.`line` AS line
FROM pantau_store.dead_letters AS d FINAL
COMMENT 'What was refused and why, one row a letter; its bytes are kept for operators';

CREATE OR REPLACE VIEW pantau.late
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_id` String COMMENT 'Unit that sent them',
    `day` Date COMMENT 'Local day of the events\' time; 1970-01-01 where it could not be read',
    `n` UInt64 COMMENT 'Events refused as too_old: over 30 days behind when they were received'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `unit_id`,
    ifNull(`event_day`, toDate(0)) AS day,
    count() AS n
FROM pantau_store.dead_letters FINAL
WHERE `code` = 'too_old'
GROUP BY `region`, `unit_id`, day
COMMENT 'Events refused as too old, by unit and day';

CREATE OR REPLACE VIEW pantau.regions
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `code` LowCardinality(String) COMMENT 'Region code, the same as `region`',
    `name` String COMMENT 'Name of the kabupaten or kota',
    `province` String COMMENT 'Name of the province',
    `timezone` LowCardinality(String) COMMENT 'Time zone, e.g. Asia/Jakarta',
    `service_weekdays` Array(UInt8) COMMENT 'Weekdays on which meals are served, 1 = Monday',
    `holidays` Array(Date) COMMENT 'Local days without service',
    `kecamatan` Array(Tuple(code String, name String)) COMMENT 'Its kecamatan: code and name'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `code`,
    `name`,
    `province`,
    `timezone`,
    `service_weekdays`,
    `holidays`,
    `kecamatan`
FROM pantau_store.registry_regions FINAL
COMMENT 'Regions served here';

CREATE OR REPLACE VIEW pantau.units
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_id` String COMMENT 'Id of the unit',
    `kind` LowCardinality(String) COMMENT 'sppg (kitchen) or clinic',
    `name` String COMMENT 'Name of the unit',
    `kecamatan` LowCardinality(String) COMMENT 'Code of its kecamatan',
    `lon` Float64 COMMENT 'Longitude, degrees east (WGS 84)',
    `lat` Float64 COMMENT 'Latitude, degrees north (WGS 84)',
    `opens` String COMMENT 'Local time of day at which its hours begin, HH:MM',
    `closes` String COMMENT 'Local time of day at which its hours end, HH:MM; before `opens`: over midnight',
    `capacity` UInt32 COMMENT 'Portions a day that a kitchen may cook; 0 for a clinic',
    `slhs_valid_until` Nullable(Date) COMMENT 'Last day of the hygiene certificate (SLHS), if known',
    `registered_children` UInt32 COMMENT 'Children registered at a clinic; 0 for a kitchen',
    `status` LowCardinality(String) COMMENT 'active, suspended or closed',
    `valid_from` Date COMMENT 'Local day from which this row is in force',
    `synthetic` UInt8 COMMENT '1 if invented: from no open source'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `unit_id`,
    `kind`,
    `name`,
    `kecamatan`,
    `lon`,
    `lat`,
    `opens`,
    `closes`,
    `capacity`,
    `slhs_valid_until`,
    `registered_children`,
    `status`,
    `valid_from`,
    `synthetic`
FROM pantau_store.registry_units FINAL
WHERE `valid_from` <= toDate((SELECT max(`time`) FROM pantau_store.positions) + toIntervalSecond(`utc_offset_s`), 'UTC')
ORDER BY `valid_from` DESC
LIMIT 1 BY `region`, `unit_id`
COMMENT 'Kitchens and clinics: the rows in force today, by the region\'s clock';

CREATE OR REPLACE VIEW pantau.recipients
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `recipient_id` String COMMENT 'Id of the recipient, e.g. npsn:20208123',
    `name` String COMMENT 'Name of the recipient',
    `kind` LowCardinality(String) COMMENT 'Kind of recipient, e.g. sd, pesantren or posyandu',
    `kecamatan` LowCardinality(String) COMMENT 'Code of its kecamatan',
    `lon` Float64 COMMENT 'Longitude, degrees east (WGS 84)',
    `lat` Float64 COMMENT 'Latitude, degrees north (WGS 84)',
    `unit_id` String COMMENT 'The kitchen that serves it',
    `meal_time` String COMMENT 'Local time of day by which the meal must be there, HH:MM',
    `paud` UInt32 COMMENT 'Registered people of group paud',
    `sd` UInt32 COMMENT 'Registered people of group sd',
    `smp` UInt32 COMMENT 'Registered people of group smp',
    `sma` UInt32 COMMENT 'Registered people of group sma',
    `santri` UInt32 COMMENT 'Registered people of group santri',
    `guru` UInt32 COMMENT 'Registered people of group guru',
    `bumil` UInt32 COMMENT 'Registered people of group bumil',
    `busui` UInt32 COMMENT 'Registered people of group busui',
    `balita` UInt32 COMMENT 'Registered people of group balita',
    `status` LowCardinality(String) COMMENT 'active, suspended or closed',
    `valid_from` Date COMMENT 'Local day from which this row is in force',
    `synthetic` UInt8 COMMENT '1 if invented: from no open source'
)
SQL SECURITY DEFINER
AS SELECT
    `region`,
    `recipient_id`,
    `name`,
    `kind`,
    `kecamatan`,
    `lon`,
    `lat`,
    `unit_id`,
    `meal_time`,
    `paud`,
    `sd`,
    `smp`,
    `sma`,
    `santri`,
    `guru`,
    `bumil`,
    `busui`,
    `balita`,
    `status`,
    `valid_from`,
    `synthetic`
FROM pantau_store.registry_recipients FINAL
WHERE `valid_from` <= toDate((SELECT max(`time`) FROM pantau_store.positions) + toIntervalSecond(`utc_offset_s`), 'UTC')
ORDER BY `valid_from` DESC
LIMIT 1 BY `region`, `recipient_id`
COMMENT 'Where meals go: the rows in force today, by the region\'s clock';
