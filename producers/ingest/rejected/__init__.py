"""A source's own refused events, as the dead letters have them: without their values."""
