"""The simulated regency: who is fed by whom, ordinary days, outbreaks."""
