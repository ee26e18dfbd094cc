"""Ground floor: the vocabulary of Pantau, without I/O. Imports none of the rooms."""
