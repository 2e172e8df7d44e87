"""Marketing strategies: one file each."""
