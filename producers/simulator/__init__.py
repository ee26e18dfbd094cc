"""A simulated kabupaten: its days in event time, the devices that send them, and the truth beside them."""
