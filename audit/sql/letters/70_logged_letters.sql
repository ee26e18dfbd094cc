-- Where letters of Kafka are put, to be looked for in the store. No parameters.

-- `letter_id` is empty where the line is no letter.
CREATE OR REPLACE TABLE logged_letters
(
    letter_id String,
    unit_id String,
    offset Int64,
    line UInt32
)
ENGINE = Memory;
