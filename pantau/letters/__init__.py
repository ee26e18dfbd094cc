"""Dead letters for operators: what lies there, what a retry would send and where, and sending it."""
