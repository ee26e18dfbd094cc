"""The events behind a row of a view."""
