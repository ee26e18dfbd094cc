"""What happened: the facts of each unit, which of them count, and why. It knows no metric and no window."""
