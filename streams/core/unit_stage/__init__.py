"""Stage one: a fold for each partition of an event topic. It decides what each event is, and writes the rows of units."""
