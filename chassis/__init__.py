"""Ground floor with I/O that every service shares. Imports `contracts` and none of the rooms."""
