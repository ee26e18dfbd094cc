"""Thin Faust agents: records in, core, records out, each flush one Kafka transaction."""
