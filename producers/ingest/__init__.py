"""Ingest: takes events of field devices over HTTP and answers when Kafka has them."""
