"""What the desk sees of single reports: those of a source, to be returned, and what was refused."""
