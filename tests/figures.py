"""Figures that nobody looks at."""

from __future__ import annotations

from typing import Any

import pytest


def without_layout(patch: pytest.MonkeyPatch) -> None:
    """Figures keep the places that their parts were given, and are drawn once.

    The layout takes half of the time of a figure, and is found by a drawing of its own.
    """
    from matplotlib.figure import Figure

    save = Figure.savefig

    def save_as_placed(figure: Figure, *to: Any, **options: Any) -> None:
        with pytest.MonkeyPatch.context() as once:
            once.setattr(figure, "get_layout_engine", lambda: None)
            save(figure, *to, **options)

    patch.setattr(Figure, "savefig", save_as_placed)
    engine = "matplotlib.layout_engine.ConstrainedLayoutEngine"
    patch.setattr(f"{engine}.execute", lambda *_: None)
