"""What further results add to a page: one file a kind, registered by `sim.report.registry`."""
