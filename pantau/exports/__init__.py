"""Reports for others, from the views that analysts read: one entry in the field, many forms in offices."""
