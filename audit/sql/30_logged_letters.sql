-- Where letters of Kafka are put, to be looked for in the store. Parameters:
--   scratch Identifier  database of the intermediate tables

-- `letter_id` is empty where the line is no letter.
CREATE OR REPLACE TABLE {scratch:Identifier}.logged_letters
(
    letter_id String,
    unit_id String,
    offset Int64,
    line UInt32
)
ENGINE = Memory;
