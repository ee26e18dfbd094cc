"""From accepted events to Kafka."""
