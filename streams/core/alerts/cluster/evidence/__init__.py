"""What the statistics rest on: findings of events, their memory, meals and the people who got them."""
