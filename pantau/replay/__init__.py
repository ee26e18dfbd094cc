"""`pantau replay`: a new generation beside the running one, from the event log; audited, then shown."""
