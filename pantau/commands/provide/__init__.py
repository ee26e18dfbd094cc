"""Commands that make what people and devices need: folders, tokens, links."""
