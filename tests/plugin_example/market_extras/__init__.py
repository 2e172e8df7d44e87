"""One strategy, measure, event, lever, plot and report section from outside the package `sim`."""
