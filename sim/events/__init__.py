"""Dated events. A new kind of event is one new file here: a class with `what` and `apply`."""
