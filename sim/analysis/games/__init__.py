"""Named strategies against each other: empirical games.

Equilibria, regret, deviations, fingerprints, offline training.
May not: change a strategy.
"""
