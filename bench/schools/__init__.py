"""All recipients of a regency answer within minutes, beside simulated kitchens."""
