-- Made by `python -m sinks.schema` from contracts/, sinks/schema.py, sinks/views.py.

CREATE TABLE IF NOT EXISTS pantau_store.performance
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
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
ENGINE = ReplacingMergeTree(`revision`)
PARTITION BY toYYYYMM(day)
ORDER BY (`region`, `day`, `level`, `window`, `area_id`, `window_end`)
COMMENT 'Rows of performance by revision';

CREATE TABLE IF NOT EXISTS pantau_store.coverage
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
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
ENGINE = ReplacingMergeTree(`revision`)
PARTITION BY toYYYYMM(day)
ORDER BY (`region`, `day`, `level`, `window`, `area_id`, `window_end`, `group`)
COMMENT 'Rows of coverage by revision';

CREATE TABLE IF NOT EXISTS pantau_store.clinic_coverage
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
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
ENGINE = ReplacingMergeTree(`revision`)
PARTITION BY toYYYYMM(day)
ORDER BY (`region`, `day`, `level`, `window`, `area_id`, `window_end`)
COMMENT 'Rows of clinic_coverage by revision';

CREATE TABLE IF NOT EXISTS pantau_store.exceptions
(
    `topic` LowCardinality(String) COMMENT 'Kafka topic of the line; `ingest` when it never reached one',
    `partition` Int32 COMMENT 'Kafka partition; -1 when it never reached one',
    `offset` Int64 COMMENT 'Kafka offset; -1 when it never reached one',
    `line` UInt32 COMMENT 'Line in the record, from 0',
    `verdict` LowCardinality(String) COMMENT 'duplicate, conflict or refused: the line is no event of its own',
    `code` LowCardinality(String) COMMENT 'Why, as in dead_letters; empty for a duplicate'
)
ENGINE = ReplacingMergeTree
ORDER BY (`topic`, `partition`, `offset`, `line`)
COMMENT 'Lines of the event topics that are no event of their own';

CREATE TABLE IF NOT EXISTS pantau_store.event_status
(
    `source` String COMMENT 'Source of the event',
    `id` String COMMENT 'Id of the event',
    `superseded_by` String COMMENT 'Id of what counts instead at last, or empty',
    `retracted` UInt8 COMMENT '1 if a retraction ends its chain of corrections',
    `counts` UInt8 COMMENT '1 if the event counts',
    `revision` UInt64 COMMENT 'Input position that last changed it'
)
ENGINE = ReplacingMergeTree(`revision`)
ORDER BY (`source`, `id`)
COMMENT 'What corrections made of an event, where it differs from the default';

CREATE TABLE IF NOT EXISTS pantau_store.positions
(
    `stream` LowCardinality(String) COMMENT 'Output topic whose records before this one are vouched for',
    `topic` LowCardinality(String) COMMENT 'Input topic',
    `partition` Int32 COMMENT 'Input partition',
    `position` Int64 COMMENT 'Next offset of the input: everything below it is applied',
    `watermark` DateTime64(3, 'UTC') COMMENT 'All events received before are in (region\'s clock)',
    `time` DateTime64(3, 'UTC') COMMENT 'Region\'s clock of the newest record applied'
)
ENGINE = ReplacingMergeTree(`position`)
ORDER BY (`stream`, `topic`, `partition`)
COMMENT 'How far each stage has come';

CREATE TABLE IF NOT EXISTS pantau_store.dead_letters
(
    `letter_id` String COMMENT 'Identity of the letter',
    `received_at` DateTime64(3, 'UTC') COMMENT 'Region\'s clock when it was refused',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_id` String COMMENT 'Unit, as far as known',
    `code` LowCardinality(String) COMMENT 'Why, as in the catalogue of codes',
    `detail` String COMMENT 'What is wrong and what to do',
    `attempts` UInt32 COMMENT 'Times it was tried',
    `topic` LowCardinality(String) COMMENT 'Kafka topic of the line; `ingest` when it never reached one',
    `partition` Int32 COMMENT 'Kafka partition; -1 when it never reached one',
    `offset` Int64 COMMENT 'Kafka offset; -1 when it never reached one',
    `line` UInt32 COMMENT 'Line in the record, from 0',
    `event_day` Nullable(Date) COMMENT 'Local day of the event\'s time, where it could be read',
    `key` String COMMENT 'Key of the record, base64',
    `bytes` String COMMENT 'The line as it came (NIK digits replaced), base64' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(`attempts`)
ORDER BY (`letter_id`)
COMMENT 'Letters with their bytes, for operators';

CREATE TABLE IF NOT EXISTS pantau_store.alert_changes
(
    `id` String COMMENT 'Alert id',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `kind` LowCardinality(String) COMMENT 'Kind of alert',
    `severity` UInt8 COMMENT '1 pantau, 2 waspada, 3 siaga',
    `unit_id` String COMMENT 'Unit',
    `subject` String COMMENT 'Recipient, batch or sensor point',
    `state` LowCardinality(String) COMMENT 'raised, acknowledged or resolved',
    `resolution` String COMMENT 'Why it was resolved',
    `raised_at` DateTime64(3, 'UTC') COMMENT 'When it was raised (region\'s clock)',
    `updated_at` DateTime64(3, 'UTC') COMMENT 'When it last changed',
    `resolved_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was resolved',
    `acknowledged_by` String COMMENT 'Who acknowledged it',
    `acknowledged_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was acknowledged',
    `evidence` String COMMENT 'What it rests on, JSON',
    `revision` UInt64 COMMENT 'Input position of the change'
)
ENGINE = ReplacingMergeTree
ORDER BY (`id`, `revision`)
COMMENT 'Every change of every alert';

CREATE TABLE IF NOT EXISTS pantau_store.raw_lines
(
    `topic` LowCardinality(String) COMMENT 'Kafka topic of the line',
    `partition` Int32 COMMENT 'Kafka partition',
    `offset` Int64 COMMENT 'Kafka offset',
    `line` UInt32 COMMENT 'Line in the record, from 0',
    `append_at` DateTime64(3, 'UTC') COMMENT 'Broker\'s append time on the region\'s clock',
    `parsed` UInt8 COMMENT '1 if the line is well formed as an event; the columns below are empty otherwise',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_kind` LowCardinality(String) COMMENT 'sppg or clinic, from the source',
    `unit_id` String COMMENT 'Unit, from the source',
    `source` String COMMENT 'Source of the event',
    `id` String COMMENT 'Id of the event',
    `type` LowCardinality(String) COMMENT 'Type of the event',
    `subject` String COMMENT 'Recipient, or empty',
    `time` DateTime64(3, 'UTC') COMMENT 'When it happened',
    `recorded_at` DateTime64(3, 'UTC') COMMENT 'When the statement was made; `time` if not said',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest accepted it, as stamped within 2 minutes before the append time; the append time otherwise',
    `supersedes` String COMMENT 'Id of the event it corrects, or empty',
    `data` JSON(batch Nullable(String), trip Nullable(String), point Nullable(String), sensor Nullable(String), test Nullable(String), kind Nullable(String), note Nullable(String), sex Nullable(String), posture Nullable(String), antigen Nullable(String), syndrome Nullable(String), outcome Nullable(String), version Nullable(String), reason Nullable(String), core_temp_c Nullable(Float64), temp_c Nullable(Float64), weight_kg Nullable(Float64), height_cm Nullable(Float64), hb_g_dl Nullable(Float64), battery_pct Nullable(Float64), portions Nullable(UInt64), leftover_g Nullable(UInt64), severity Nullable(UInt64), age_days Nullable(UInt64), age_years Nullable(UInt64), dose Nullable(UInt64), visit Nullable(UInt64), outbox Nullable(UInt64), eaten.paud Nullable(UInt64), eaten.sd Nullable(UInt64), eaten.smp Nullable(UInt64), eaten.sma Nullable(UInt64), eaten.santri Nullable(UInt64), eaten.guru Nullable(UInt64), eaten.bumil Nullable(UInt64), eaten.busui Nullable(UInt64), eaten.balita Nullable(UInt64), cooked_at Nullable(DateTime64(3, 'UTC')), onset Nullable(DateTime64(3, 'UTC')), ate_at Nullable(DateTime64(3, 'UTC')), batches Array(String), symptoms Array(String), passed Nullable(Bool), SKIP child, SKIP mother, SKIP patient) COMMENT 'Data of the event, without pseudonyms',
    `person` String COMMENT 'Pseudonym (hex32) of the child, mother or patient, or empty',
    `value` String COMMENT 'The line as it came; of a refused one with NIK digits replaced by #' CODEC(ZSTD(1)),
    `event_key` UInt64 MATERIALIZED cityHash64(`source`, `id`) COMMENT 'The identity (source, id) as a number',
    `content` UInt64 MATERIALIZED if(`parsed`, cityHash64(`type`, `subject`, `supersedes`, `time`, toString(arraySort(arrayMap(f -> (f.1, if(JSONType(f.2) = 'Object', toString(arraySort(arrayMap(g -> (g.1, toFloat64OrZero(g.2)), JSONExtractKeysAndValuesRaw(f.2)))), arrayMap(v -> multiIf(JSONType(v) = 'String', concat('s', JSONExtractString(v)), JSONType(v) IN ('Int64', 'UInt64', 'Double'), toString(toFloat64OrZero(v) + 0), JSONType(v) = 'Array', toString(JSONExtract(v, 'Array(String)')), v), [f.2])[1])), JSONExtractKeysAndValuesRaw(`value`, 'data'))))), 0) COMMENT 'What it says as a number: the same for equal copies',
    INDEX `time_span` `time` TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(append_at)
ORDER BY (toDate(`time`), `region`, `type`, `unit_id`, `time`, `topic`, `partition`, `offset`, `line`)
COMMENT 'Every line of the event topics';

CREATE TABLE IF NOT EXISTS pantau_store.registry_regions
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `code` LowCardinality(String) COMMENT 'Region code, the same as `region`',
    `name` String COMMENT 'Name of the kabupaten or kota',
    `province` String COMMENT 'Name of the province',
    `timezone` LowCardinality(String) COMMENT 'Time zone, e.g. Asia/Jakarta',
    `service_weekdays` Array(UInt8) COMMENT 'Weekdays on which meals are served, 1 = Monday',
    `holidays` Array(Date) COMMENT 'Local days without service',
    `kecamatan` Array(Tuple(code String, name String)) COMMENT 'Its kecamatan: code and name',
    `utc_offset_s` Int32 COMMENT 'Seconds that the region\'s local time is ahead of UTC',
    `revision` UInt64 COMMENT 'Offset of the registry record'
)
ENGINE = ReplacingMergeTree(`revision`)
ORDER BY (`region`)
COMMENT 'Regions, newest record';

CREATE TABLE IF NOT EXISTS pantau_store.registry_units
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
    `synthetic` UInt8 COMMENT '1 if invented: from no open source',
    `utc_offset_s` Int32 COMMENT 'Seconds that the region\'s local time is ahead of UTC',
    `revision` UInt64 COMMENT 'Offset of the registry record'
)
ENGINE = ReplacingMergeTree(`revision`)
ORDER BY (`region`, `unit_id`, `valid_from`)
COMMENT 'All rows of units.csv';

CREATE TABLE IF NOT EXISTS pantau_store.registry_recipients
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
    `synthetic` UInt8 COMMENT '1 if invented: from no open source',
    `utc_offset_s` Int32 COMMENT 'Seconds that the region\'s local time is ahead of UTC',
    `revision` UInt64 COMMENT 'Offset of the registry record'
)
ENGINE = ReplacingMergeTree(`revision`)
ORDER BY (`region`, `recipient_id`, `valid_from`)
COMMENT 'All rows of recipients.csv';

CREATE TABLE IF NOT EXISTS pantau_store.sink_rejects
(
    `topic` LowCardinality(String) COMMENT 'Kafka topic of the line',
    `partition` Int32 COMMENT 'Kafka partition',
    `offset` Int64 COMMENT 'Kafka offset',
    `line` UInt32 COMMENT 'Line in the record, from 0',
    `table` LowCardinality(String) COMMENT 'Storage table that it was meant for, as far as known',
    `reason` String COMMENT 'Why it could not be inserted',
    `value` String COMMENT 'The line, NIK digits replaced by #' CODEC(ZSTD(1)),
    `rejected_at` DateTime64(3, 'UTC') COMMENT 'Region\'s clock when it was set aside'
)
ENGINE = ReplacingMergeTree(`rejected_at`)
ORDER BY (`topic`, `partition`, `offset`, `line`)
COMMENT 'Lines that could not be inserted where they belong: none is dropped';
