"""A Kafka in memory, for quick tests: transactions, fencing and compaction as the real one has them."""
