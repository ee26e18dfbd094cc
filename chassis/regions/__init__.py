"""Region folders: read, checked, and every fault named by its place."""
