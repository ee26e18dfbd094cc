"""When and how the events are sent, or written to a file."""
