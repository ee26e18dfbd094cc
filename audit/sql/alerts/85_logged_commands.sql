-- Where the commands of Kafka are put that people gave: signed ones alone. No parameters.

-- `n`: from 1, in the order in which they came; `at`: when it was given, epoch ms on the region's clock; `text`: what it says, JSON.
CREATE OR REPLACE TABLE logged_commands
(
    n UInt64,
    at Int64,
    text String
)
ENGINE = Memory;
