"""The day as events, and the truth beside them."""
