"""The live side: the gateway that serves the wall, and the wall itself."""
