"""How early a poisoning is seen: simulated regencies with truth, and what each method makes of the same reports."""
