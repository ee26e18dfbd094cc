-- Letters of `logged_letters` that are neither stored nor among the lines that the sink set aside. Parameters:
--   topic String           Kafka topic of the letters

SELECT letter_id, unit_id, offset, line
FROM logged_letters
WHERE (letter_id = '' OR letter_id NOT IN (SELECT letter_id FROM pantau_store.dead_letters))
    AND (offset, line) NOT IN (SELECT offset, line FROM pantau_store.sink_rejects WHERE topic = {topic:String})
ORDER BY offset, line;
