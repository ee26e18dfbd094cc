"""From an event's 202 to the first frame of the wall that includes it."""
