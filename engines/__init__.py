"""Engines of one machine: a ClickHouse and a Kafka that need no installer."""
