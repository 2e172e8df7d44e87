"""Settings that hold for all tests."""

from hypothesis import settings

# first examples pay for lazy imports and compilation, so single examples have no time limit
settings.register_profile("sim", deadline=None)
settings.load_profile("sim")
