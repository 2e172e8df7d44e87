"""Scenarios under the same seeds: paired differences.

One world each, stored together.
May not: judge containment.
"""
