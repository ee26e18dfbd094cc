"""What is known of one meal beside the people who fell ill after it."""
