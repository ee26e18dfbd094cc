ALTER TABLE pantau_store.alert_changes ADD COLUMN IF NOT EXISTS `short_id` String COMMENT 'A letter and a number to say on the telephone, unique among open alerts' AFTER `id`;

ALTER TABLE pantau_store.alert_changes ADD COLUMN IF NOT EXISTS `ack_until` Nullable(DateTime64(3, 'UTC')) COMMENT 'When the acknowledgement runs out; null if it does not' AFTER `acknowledged_at`;

ALTER TABLE pantau_store.alert_changes ADD COLUMN IF NOT EXISTS `assessment` LowCardinality(String) COMMENT 'What the health office says of a cluster: verified or discarded; else empty' AFTER `ack_until`;

ALTER TABLE pantau_store.alert_changes ADD COLUMN IF NOT EXISTS `assessed_by` String COMMENT 'Who assessed it' AFTER `assessment`;

ALTER TABLE pantau_store.alert_changes ADD COLUMN IF NOT EXISTS `assessed_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was assessed' AFTER `assessed_by`;

ALTER TABLE pantau_store.alert_changes ADD COLUMN IF NOT EXISTS `note` String COMMENT 'Note of the acknowledgement, or why it was so assessed' AFTER `assessed_at`;

ALTER TABLE pantau_store.registry_units ADD COLUMN IF NOT EXISTS `bgn_id` String COMMENT 'The programme\'s own id of a kitchen, or empty' AFTER `synthetic`;

ALTER TABLE pantau_store.registry_units ADD COLUMN IF NOT EXISTS `status_reason` String COMMENT 'Why its status is what it is, or empty' AFTER `bgn_id`;

ALTER TABLE pantau_store.registry_units ADD COLUMN IF NOT EXISTS `status_letter` String COMMENT 'Number of the letter that says so, or empty' AFTER `status_reason`;

CREATE TABLE IF NOT EXISTS pantau_store.registry_calendar
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `number` UInt32 COMMENT 'Line of the file, from 1: of two alike the later counts',
    `first_day` Date COMMENT 'First local day, inclusive',
    `last_day` Date COMMENT 'Last local day, inclusive',
    `scope` String COMMENT 'A kecamatan, kitchen or recipient; empty: the region',
    `groups` Array(String) COMMENT 'Groups; empty: all',
    `served` UInt8 COMMENT '1 if meals are served, 0 if not',
    `reason` String COMMENT 'Why, as shown on screen',
    `revision` UInt64 COMMENT 'Offset of the registry record'
)
ENGINE = ReplacingMergeTree(`revision`)
ORDER BY (`region`, `number`)
COMMENT 'All lines of calendar.csv';
