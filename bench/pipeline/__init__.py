"""What an event costs from the device to the store and the wall, each process by itself, beside a plain build."""
