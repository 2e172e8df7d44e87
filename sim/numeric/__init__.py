"""Numbers that are the same everywhere, and how they are compiled; nothing of markets."""
