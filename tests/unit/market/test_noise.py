"""The keyed draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from scipy import stats

from sim.numeric import draws as noise

N = 200_000
SEED = np.random.SeedSequence(7)
EULER = 0.5772156649015329


@njit
def apply(function: Any, x: Any) -> Any:
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = function(x[i])
    return out


@njit
def draw_uniform(stream: Any, n: int, key: Any) -> Any:
    out = np.empty(n)
    for i in range(n):
        out[i] = noise.uniform(noise.event_state(stream, np.uint32(i), np.uint64(5), 3), key)
    return out


@njit
def draw_months(stream: Any, n: int, key: Any) -> Any:
    out = np.empty(n)
    for i in range(n):
        out[i] = noise.uniform(noise.event_state(stream, np.uint32(1), np.uint64(5), i), key)
    return out


@njit
def draw_gumbel(stream: Any, n: int, key: Any) -> Any:
    out = np.empty(n)
    for i in range(n):
        out[i] = noise.gumbel(noise.event_state(stream, np.uint32(i), np.uint64(5), 3), key)
    return out


@njit
def draw_nest(stream: Any, n: int, key: Any, rho: float) -> Any:
    out = np.empty(n)
    for i in range(n):
        state = noise.event_state(stream, np.uint32(i), np.uint64(5), 3)
        out[i] = noise.nest_shock(state, key, rho)
    return out


def stream(name: str = "a") -> Any:
    return noise.stream_key(SEED, name)


def key(name: str) -> Any:
    return noise.keys32([name])[0]


@pytest.mark.parametrize("draw", [draw_uniform, draw_months])
@pytest.mark.parametrize("name", ["api/a/f", "api/b/f"])
def test_uniform(draw: Any, name: str) -> None:
    u = draw(stream(), N, key(name))
    assert 0.0 < u.min() < u.max() < 1.0
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    cells = np.bincount((u * 256).astype(int), minlength=256)
    assert stats.chisquare(cells).pvalue > 1e-4
    low_bits = np.bincount((u * 2**32).astype(np.int64) & 255, minlength=256)
    assert stats.chisquare(low_bits).pvalue > 1e-4


NEIGHBOURS = {
    "clients": lambda u: (u(draw_uniform, "a", "x")[:-1], u(draw_uniform, "a", "x")[1:]),
    "months": lambda u: (u(draw_months, "a", "x")[:-1], u(draw_months, "a", "x")[1:]),
    "offers": lambda u: (u(draw_uniform, "a", "api/a/f"), u(draw_uniform, "a", "api/a/g")),
    "streams": lambda u: (u(draw_uniform, "a", "x"), u(draw_uniform, "b", "x")),
}


@pytest.mark.parametrize("what", NEIGHBOURS)
def test_neighbouring_draws_are_independent(what: str) -> None:
    one, other = NEIGHBOURS[what](lambda draw, s, k: draw(stream(s), N, key(k)))
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(N)
    squares = np.histogram2d(one, other, bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(squares.ravel()).pvalue > 1e-4


def test_keys_that_differ_in_one_bit_are_independent() -> None:
    base = key("x")
    one = draw_uniform(stream(), N, base)
    for bit in (0, 7, 16, 31):
        other = draw_uniform(stream(), N, np.uint32(base ^ np.uint32(1 << bit)))
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(N)


def test_gumbel_moments() -> None:
    g = draw_gumbel(stream(), N, key("x"))
    sd = np.pi / np.sqrt(6)
    assert abs(g.mean() - EULER) < 4 * sd / np.sqrt(N)
    # the fourth central moment of a Gumbel is 5.4 sd^4, so var(s^2) = 4.4 sd^4 / n
    assert abs(g.var() - sd**2) < 4 * sd**2 * np.sqrt(4.4 / N)
    assert stats.kstest(g, "gumbel_r").pvalue > 1e-4


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.8])
def test_nest_shock_makes_the_sum_gumbel(rho: float) -> None:
    e = draw_gumbel(stream("choice"), N, key("offer"))
    nu = draw_nest(stream("nest"), N, key("nest"), rho)
    assert stats.kstest((1 - rho) * e + nu, "gumbel_r").pvalue > 1e-4
    other = draw_gumbel(stream("choice"), N, key("other"))
    correlation = np.corrcoef((1 - rho) * e + nu, (1 - rho) * other + nu)[0, 1]
    # two offers of a nest have correlation 1 - (1 - rho)^2
    assert abs(correlation - (1 - (1 - rho) ** 2)) < 0.02


def test_no_nest_no_shock() -> None:
    assert not draw_nest(stream("nest"), 100, key("nest"), 0.0).any()


def test_same_key_same_draw() -> None:
    one, other = (draw_uniform(stream(), 1_000, key("x")) for _ in range(2))
    assert one.tobytes() == other.tobytes()
    assert one[:500].tobytes() == draw_uniform(stream(), 500, key("x")).tobytes()


def test_pick_does_not_depend_on_who_else_is_there() -> None:
    ids = np.arange(20_000, dtype=np.uint32)
    keys = noise.keys32(["a", "b", "c"])
    three = noise.pick(stream(), ids, keys, np.log([0.2, 0.3, 0.5]))
    turned = noise.pick(stream(), ids, keys[::-1].copy(), np.log([0.5, 0.3, 0.2]))
    assert (turned == 2 - three).all()
    two = noise.pick(stream(), ids, keys[:2], np.log([0.2, 0.3]))
    assert (two[three < 2] == three[three < 2]).all()
    share = np.bincount(three) / len(ids)
    np.testing.assert_allclose(share, [0.2, 0.3, 0.5], atol=4 * 0.5 / np.sqrt(len(ids)))


def test_names_never_clash() -> None:
    assert noise.name_key("a", "b") != noise.name_key("ab")
    assert noise.name_key("a", "b") != noise.name_key("b", "a")
    assert noise.name_key("kind", "assistant") == noise.name_key("kind", "assistant")
    with pytest.raises(ValueError, match="same 32-bit key"):
        noise.keys32(["a", "a"])
