"""Food that is on hold: who is asked to stop, and who has confirmed."""
