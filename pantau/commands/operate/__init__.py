"""Commands that start, watch, check and rebuild an installation."""
