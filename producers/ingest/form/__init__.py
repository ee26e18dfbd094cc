"""What the form of the field asks of ingest: its page, a token for a one-time code, and what the registry says of its source."""
