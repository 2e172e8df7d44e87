"""Research strategies: one file each."""
