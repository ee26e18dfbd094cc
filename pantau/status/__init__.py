"""How far each stage of a running installation is."""
