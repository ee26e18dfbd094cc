"""The protocol `pantau.v1`: its frames and its sessions. No sockets."""
