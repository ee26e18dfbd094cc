"""Ways to people: each takes one delivery, and says whether it got through."""
