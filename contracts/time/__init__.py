"""The region's time: the clock, instants, local days, and the windows over them."""
