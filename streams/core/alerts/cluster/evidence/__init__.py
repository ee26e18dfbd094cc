"""What the statistics are computed from: findings of events, their memory, meals and the people who got them."""
