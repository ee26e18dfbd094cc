"""The registry: regions, kitchens, clinics and recipients, and how they travel and change."""
