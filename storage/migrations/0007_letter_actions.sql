CREATE TABLE IF NOT EXISTS pantau_store.letter_actions
(
    `letter_id` String COMMENT 'The letter, as in dead_letters',
    `action_id` String COMMENT 'Identity of the action',
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `unit_id` String COMMENT 'Unit of the letter, as far as known',
    `at` DateTime64(3, 'UTC') COMMENT 'Region\'s clock when it was done',
    `action` LowCardinality(String) COMMENT 'retry: its line was sent again; discard: nobody is to mend it',
    `attempt` UInt32 COMMENT 'Which attempt a retry is, the first refusal being 1; 0: a discard',
    `by` String COMMENT 'Who did it',
    `reason` String COMMENT 'Why, in the words of who did it',
    `topic` LowCardinality(String) COMMENT 'Kafka topic that the line was sent to, or empty',
    `partition` Int32 COMMENT 'Kafka partition that it was sent to; -1: a discard',
    `offset` Int64 COMMENT 'Kafka offset that it has there; -1: a discard'
)
ENGINE = ReplacingMergeTree
ORDER BY (`letter_id`, `action_id`)
COMMENT 'What operators did with dead letters';
