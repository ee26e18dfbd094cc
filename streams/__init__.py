"""Event time in, exact windows out: the pure core and the thin Faust agents around it."""
