"""What a browser asks for by HTTP: the page, its token, the region, the current state."""
