"""Measurements that can be run again: figures in the docs come from here."""
