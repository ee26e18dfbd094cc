"""Kafka for code that runs in a thread."""
