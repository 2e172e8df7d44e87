"""Agent platform strategies: one file each."""
