"""Reports that the desk has returned with a reason: who is shown them, and what answers them."""
