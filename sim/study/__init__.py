"""Studies: factors, a design over them, outcomes and claims, planned and run as one sweep."""
