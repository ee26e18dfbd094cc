"""Temperature sensors behind an MQTT broker."""
