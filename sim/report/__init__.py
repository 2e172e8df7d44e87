"""One page made from stored results, which needs nothing else to be read."""
