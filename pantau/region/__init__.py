"""Region folders: begun from boundaries and totals, or invented anew."""
