"""What ClickHouse holds: tables, views, migrations, generations, and the way to it."""
