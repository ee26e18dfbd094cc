"""Pure folds over records: no Faust, no Kafka, no ClickHouse, no clock. Time is a field of the input."""
