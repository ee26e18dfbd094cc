"""Kafka to ClickHouse: storage, views, the sink, the audit, and the embedded server."""
