"""From the kill of a worker with much state to the first new row of every partition, and what a second worker costs."""
