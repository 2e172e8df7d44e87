"""Settings that hold for all tests."""

import gc

from hypothesis import settings

# first examples pay for lazy imports and compilation, so single examples have no time limit
settings.register_profile("sim", deadline=None)
settings.load_profile("sim")


def pytest_collection_finish() -> None:
    """Modules and tests live to the end: later searches for garbage leave them out."""
    gc.collect()
    gc.freeze()
