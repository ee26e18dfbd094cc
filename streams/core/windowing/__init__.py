"""When a sum is shown: panes, days, the windows over them, and the rows that are written of them."""
