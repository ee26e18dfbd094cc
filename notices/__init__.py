"""Who is written to of which alert, by which way, and what of it was delivered."""
