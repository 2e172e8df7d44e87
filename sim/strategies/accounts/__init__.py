"""Key-account strategies: one file each."""
