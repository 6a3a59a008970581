"""A loss of one row of logits with its working shown, every number computed by the library."""
