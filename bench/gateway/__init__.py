"""What a frame to a client costs the gateway, beside a loop that does nothing but send."""
