"""What the streams write: topics, tables, rows of the public views, generations."""
