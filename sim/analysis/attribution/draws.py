"""Worlds drawn from priors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.priors import Prior, drawn

if TYPE_CHECKING:
    from sim.analysis.attribution.base import Asked
    from sim.scenario.schema.scenario import Scenario


def drawn_worlds(scenario: Scenario, priors: Sequence[Prior], asked: Asked) -> Iterator[Scenario]:
    """The scenario under each draw of a latin hypercube over the priors."""
    from scipy.stats import qmc

    design = qmc.LatinHypercube(len(priors), rng=np.random.default_rng(asked.draw_seed))
    for levels in design.random(asked.draws):
        yield scenario.replace(drawn(scenario, priors, levels))
