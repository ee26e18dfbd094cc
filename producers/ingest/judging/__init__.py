"""From lines to accepted events and refusals."""
