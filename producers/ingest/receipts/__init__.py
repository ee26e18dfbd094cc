"""Receipts: how far what an answer acknowledged has come since."""
