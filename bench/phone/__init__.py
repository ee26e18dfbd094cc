"""How long a slow phone on a slow network shows nothing."""
