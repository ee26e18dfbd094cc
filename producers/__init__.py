"""Everything that brings events in: ingest, the device's client, the simulated day."""
