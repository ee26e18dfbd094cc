"""Stage two: a fold for each partition of `region.feed`. It writes the rows of areas and the live map."""
