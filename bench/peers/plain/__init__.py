"""The same parts as a good engineer would write them in a week: FastAPI, Faust, clickhouse-connect, websockets."""
