"""The live map: its rows, what a client has of it, what the public may see of it."""
