"""What a table line costs through the sink, beside the same bytes sent to the same ClickHouse with nothing between."""
