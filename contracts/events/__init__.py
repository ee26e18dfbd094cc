"""Events as a device may send them: their types, how a line is read, and why one is refused."""
