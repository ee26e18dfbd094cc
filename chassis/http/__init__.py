"""What every HTTP service of Pantau has in common: limits on its clients, and its app."""
