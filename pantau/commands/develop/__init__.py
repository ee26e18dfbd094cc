"""Commands for who changes or tries out Pantau: load, measurements, the next migration."""
