"""What is to be delivered, on disk until it is, and the loop that delivers it."""
