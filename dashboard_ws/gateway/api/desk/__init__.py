"""What people of the desk may do: log in, acknowledge, assess, hold."""
