-- Each generation has its own from now on: the statement makes those of rebuilds that are there already.
CREATE TABLE IF NOT EXISTS pantau_store.alert_changes
(
    `id` String COMMENT 'Alert id',
    `short_id` String COMMENT 'A letter and a number to say on the telephone, unique among open alerts',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `kind` LowCardinality(String) COMMENT 'Kind of alert',
    `severity` UInt8 COMMENT '1 pantau, 2 waspada, 3 siaga',
    `unit_id` String COMMENT 'Unit; empty if it is about the region',
    `subject` String COMMENT 'Recipient, batch, lot or sensor point; `network` where many units are silent at once',
    `state` LowCardinality(String) COMMENT 'raised, acknowledged or resolved',
    `resolution` String COMMENT 'Why it was resolved',
    `raised_at` DateTime64(3, 'UTC') COMMENT 'When it was raised (region\'s clock)',
    `updated_at` DateTime64(3, 'UTC') COMMENT 'When it last changed',
    `resolved_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was resolved',
    `acknowledged_by` String COMMENT 'Who acknowledged it',
    `acknowledged_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was acknowledged',
    `ack_until` Nullable(DateTime64(3, 'UTC')) COMMENT 'When the acknowledgement runs out; null if it does not',
    `assessment` LowCardinality(String) COMMENT 'What the health office says of a cluster: verified or discarded; else empty',
    `assessed_by` String COMMENT 'Who assessed it',
    `assessed_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was assessed',
    `note` String COMMENT 'Note of the acknowledgement, or why it was so assessed',
    `evidence` String COMMENT 'What it rests on, JSON: `events` (ids), `rule` (its numbers), `part_of` (id of the alert that has the same cause), and what the kind adds',
    `revision` UInt64 COMMENT 'Number of the change in its region: grows with each'
)
ENGINE = ReplacingMergeTree
ORDER BY (`id`, `revision`)
COMMENT 'Every change of every alert';

ALTER TABLE pantau_store.alert_changes MODIFY COLUMN `unit_id` String COMMENT 'Unit; empty if it is about the region';

ALTER TABLE pantau_store.alert_changes MODIFY COLUMN `subject` String COMMENT 'Recipient, batch, lot or sensor point; `network` where many units are silent at once';

ALTER TABLE pantau_store.alert_changes MODIFY COLUMN `evidence` String COMMENT 'What it rests on, JSON: `events` (ids), `rule` (its numbers), `part_of` (id of the alert that has the same cause), and what the kind adds';

ALTER TABLE pantau_store.alert_changes MODIFY COLUMN `revision` UInt64 COMMENT 'Number of the change in its region: grows with each';
