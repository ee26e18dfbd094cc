"""What an event costs in ingest, beside an endpoint that does nothing but hand it on."""
