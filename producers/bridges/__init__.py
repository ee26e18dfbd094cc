"""Bridges: what others have (tables, sensors) becomes event lines for a device's outbox. Each keeps to what its source really knows."""
