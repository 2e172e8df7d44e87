"""Figures that nobody looks at."""

import pytest


def without_layout(patch: pytest.MonkeyPatch) -> None:
    """Figures keep the places that their parts were given, which halves their time."""
    engine = "matplotlib.layout_engine.ConstrainedLayoutEngine"
    patch.setattr(f"{engine}.execute", lambda *_: None)
