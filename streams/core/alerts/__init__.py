"""Alerts: one pure state machine a kind."""
