"""The device's side of ingest: a client that gives up nothing, and a durable outbox."""
