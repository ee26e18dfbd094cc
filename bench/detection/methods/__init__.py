"""The methods that are compared, and their tuning to one rate of false alarms."""
