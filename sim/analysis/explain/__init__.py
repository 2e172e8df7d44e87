"""The story of one stored run: a client's reviews, a vendor's decisions, the phases of a month."""
