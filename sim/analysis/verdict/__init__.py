"""The verdict: definitions, outcome classes, and what an ensemble allows to be said.

From stored curves to a JSON document and two sentences.
May not: run the market, but for the longer horizon.
"""
