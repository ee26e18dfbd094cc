"""Mirrors the rooms; real parts where a seam is tested."""
