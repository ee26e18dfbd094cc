"""How an installation is prepared and brought up."""
