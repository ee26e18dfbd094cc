"""What stands between a client and the engine: encodings, log-ins, settings, turns, cancellation."""
