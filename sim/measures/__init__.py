"""Measures: what a month of a market comes to, as numbers with a name, a unit and dimensions.

One function a measure, one file a topic; each computes its own sums from the market.
May not: draw random numbers or change the market.
"""
