"""One module a kind of alert, or for kinds that share their cause: pure, with the rule as figures."""
