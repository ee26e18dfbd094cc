"""The gateway: the live map of each region, built from Kafka, to walls over websocket, SSE and HTTP.

Pure parts (no sockets, no Kafka, no clock): `masking`, `state`, `conflate`, `wire`, `session`, and
`frames` (what makes records of `live` into complete frames). All else is transport around them.
"""
