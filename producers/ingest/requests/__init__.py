"""One request: whose it is, its body, its limits, and how the API is described."""
