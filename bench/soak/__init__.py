"""An installation left alone for days."""
