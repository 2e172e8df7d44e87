"""Forecasts of the record's metrics, and what forecasts of any kind are worth.

`forecast` makes predictive samples and bands, `simple` the four forecasters that a model must beat,
`outcomes` holds both against the record, `scores` gives coverage, interval score, CRPS and PIT.
"""
