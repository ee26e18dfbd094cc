"""What one event adds to the sums of a pane. It knows no window and no correction."""
