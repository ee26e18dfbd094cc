"""What every service follows: the registry, the generation that is shown, revoked tokens, the ends of logs."""
