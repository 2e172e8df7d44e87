"""Draws from the priors become scenarios."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.analysis.priors import declared, drawn, priors_of
from sim.errors import SimError
from tests.unit.market.tiny import tiny


def test_every_prior_says_where_it_comes_from_and_is_found() -> None:
    names = [prior.name for prior in declared().prior]
    assert len(set(names)) == len(names)
    assert all(prior.source and prior.doc for prior in declared().prior)
    assert {"price_sensitivity", "progress_ratio", "own_chips_incumbent"} <= {
        prior.name for prior in priors_of(tiny())
    }


def test_medians_enter_by_their_rules() -> None:
    names = ["price_sensitivity", "switching_cost_api", "progress_ratio", "forgetting"]
    chosen = priors_of(tiny(), names)
    changes = drawn(tiny(), chosen, np.full(4, 0.5))
    world = tiny().replace(changes)
    alphas = [segment.price_sensitivity.mean for segment in world.segments.values()]
    assert np.mean(alphas) == pytest.approx(2.0)
    assert world.demand.switching_cost.api == pytest.approx(0.3 * 2.0)
    assert world.supply.learning.exponent == pytest.approx(-math.log2(0.835))
    assert world.supply.learning.forgetting == pytest.approx(0.03)


def test_all_corners_are_scenarios() -> None:
    chosen = priors_of(tiny())
    for level in (0.0, 1.0):
        assert tiny().replace(drawn(tiny(), chosen, np.full(len(chosen), level))) != tiny()


def test_wrong_levels_and_names_are_refused() -> None:
    chosen = priors_of(tiny(), ["forgetting"])
    with pytest.raises(SimError, match="1 levels between 0 and 1"):
        drawn(tiny(), chosen, [0.2, 0.3])
    with pytest.raises(SimError, match="between 0 and 1"):
        drawn(tiny(), chosen, [1.2])
    with pytest.raises(SimError, match="no prior 'forgeting'"):
        priors_of(tiny(), ["forgeting"])
