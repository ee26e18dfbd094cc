"""The page of one day, for leaders without an account."""
