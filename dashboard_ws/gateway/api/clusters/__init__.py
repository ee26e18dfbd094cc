"""Suspected clusters that have left the live map."""
