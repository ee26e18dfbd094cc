"""Parts as processes: started, watched, restarted, stopped."""
