"""The roof: the command `pantau`. It starts the others and may import any of them; nobody imports it."""
