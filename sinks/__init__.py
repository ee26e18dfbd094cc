"""The sink: Kafka to ClickHouse."""
