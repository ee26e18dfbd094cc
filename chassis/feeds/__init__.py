"""Topics that every service follows: the registry, and the generation that is shown."""
