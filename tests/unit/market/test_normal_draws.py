"""Compiled normal draws are scipy's quantile function but for last bits."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sim.market.clients.drawing import TAIL, normals


def test_draws_are_those_of_scipy():
    u = np.random.Generator(np.random.Philox(3)).random(200_000)
    u = np.clip(u, 2.0**-33, 1.0 - 2.0**-33)
    np.testing.assert_allclose(normals(u), ndtri(u), rtol=2e-15)


def test_ends_and_borders_of_the_tails_too():
    near = np.nextafter
    u = np.array(
        [2.0**-33, TAIL, near(TAIL, 0.0), near(TAIL, 1.0), 0.5, 1.0 - TAIL, 1.0 - 2.0**-33]
    )
    np.testing.assert_allclose(normals(u), ndtri(u), rtol=2e-15, atol=0.0)
    assert normals(np.array([0.5]))[0] == 0.0
