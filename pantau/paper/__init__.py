"""What commands write for paper: PDF, and pictures of it."""
