"""Forecasts of the record's metrics, and what forecasts of any kind are worth.

`forecast` makes predictive samples, `simple` the four forecasters any model must beat, `scores`
coverage, interval score, CRPS and PIT of them all.
"""
