"""Kafka: which cluster, with which account, and what each account may do there."""
