"""CPU seconds per event of Pantau's agent and of its peers, over the same topics."""
