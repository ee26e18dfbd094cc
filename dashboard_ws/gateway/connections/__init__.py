"""Clients: websockets, event streams, and the hub that feeds them."""
