"""The market: vendors that decide, clients in columns that choose, month by month."""
