"""How long the audit of a day takes over a store of a month of events."""
