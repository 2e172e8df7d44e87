"""The review in NumPy: all workloads x all offers as matrices, the same draws and choices."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.problem import REVIEW_MONTH, Problem
from sim.economics.demand import price_term
from sim.market.clients.choice import NEST_KEYS
from sim.market.clients.columns import UNSET
from sim.market.world import API, HOST, NONE, RENT

Array = np.ndarray[Any, Any]
CHUNK = 4_096  # workloads at a time: their matrices stay in the cache
STEP = np.uint64(0x9E3779B97F4A7C15)
SECOND_DRAW = np.uint32(0x5BD1E995)


def mix64(x: Array) -> Array:
    x = x + STEP
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def bits32(event: Array, keys: Array) -> Array:
    """(n, keys) 32 bits of each event for each key."""
    low = event.astype(np.uint32)[:, None] ^ keys
    high = (event >> np.uint64(32)).astype(np.uint32)[:, None]
    low ^= low >> np.uint32(16)
    low *= np.uint32(0x7FEB352D)
    low ^= (low >> np.uint32(15)) ^ high
    low *= np.uint32(0x846CA68B)
    return low ^ (low >> np.uint32(16))


def exponential(bits: Array) -> Array:
    u = ((bits >> np.uint32(8)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-24)
    return -np.log(np.minimum(u, np.float32(1.0 - 2.0**-24)))


def nest_shocks(event: Array, keys: Array, rho: Array) -> Array:
    """(n, nests) shared shocks."""
    s = 1.0 - rho
    u = (bits32(event, keys).astype(np.float64) + 0.5) / 2.0**32 * np.pi
    w = exponential(bits32(event, keys ^ SECOND_DRAW))
    with np.errstate(divide="ignore", invalid="ignore"):
        stable = np.log(np.sin(s * u)) - np.log(np.sin(u)) / s
        stable += rho / s * (np.log(np.sin(rho * u)) - np.log(w))
    return np.where(rho > 0.0, s * stable, 0.0)


class VectorisedReview:
    """The review of a problem, every adopted workload."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.rows = problem, problem.adopted
        self.owner = problem.model.population.client

    def act(self) -> None:
        """Choose for all, in chunks."""
        for begin in range(0, len(self.rows), CHUNK):
            self._choose(self.rows[begin : begin + CHUNK])

    def _choose(self, w: Array) -> None:
        model = self.problem.model
        c, t, world, choices = model.columns, model.terms, model.world, model.choices
        i, j0 = self.owner[w], choices.current[w].astype(np.int64)
        who = mix64(c.client_id[i].astype(np.uint64) ^ c.work_key[w])
        month = np.uint64(REVIEW_MONTH * int(STEP) % 2**64)
        considered = self._considered(w, i, j0)
        value = self._value(w, i, j0)
        rho = t.rho[world.channel]
        nests = nest_shocks(mix64(model.streams.nest ^ who ^ month), NEST_KEYS, t.rho)
        event = mix64(model.streams.choice ^ who ^ month)
        value += (1.0 - rho) * -np.log(exponential(bits32(event, world.offer_keys)))
        value += nests[:, world.channel]
        value[~considered] = -np.inf
        best = value.argmax(axis=1)
        value[world.platform[best][:, None] == world.platform] = -np.inf
        second = value.argmax(axis=1)
        alone = ~np.isfinite(value.max(axis=1))
        choices.current[w] = best
        choices.second[w] = np.where(alone, world.none, second)

    def _considered(self, w: Array, i: Array, j0: Array) -> Array:
        """(n, J) what each compares."""
        model = self.problem.model
        c, t, world = model.columns, model.terms, model.world
        heard = mix64(model.streams.awareness ^ mix64(c.client_id[i].astype(np.uint64)))
        u = (bits32(heard, world.vendor_keys).astype(np.float64) + 0.5) / 2.0**32
        v = world.n_vendors
        seen = np.zeros((len(w), v + 2), bool)
        seen[:, :v] = u < t.awareness[c.cell[i]]
        home = c.home[i].astype(np.int64)
        at_home = world.platform == home[:, None]
        channel, hours = world.channel, t.hours_kind[c.kind[w]][:, None]
        calls = np.where(hours, channel == RENT, channel == API)
        out = calls & (seen[:, world.platform] | at_home)
        own = c.own_machines[i][:, None] & (world.platform == v)
        out |= ~hours & (channel == HOST) & (at_home | own)
        out |= calls & (np.arange(len(channel)) == j0[:, None])
        return (out & t.open[c.cell[i]]) | (channel == NONE)

    def _value(self, w: Array, i: Array, j0: Array) -> Array:
        """(n, J) utilities before shocks."""
        model = self.problem.model
        c, t, world, choices = model.columns, model.terms, model.world, model.choices
        v, channel = world.n_vendors, world.channel
        kind, alpha = c.kind[w], c.alpha[i].astype(float)[:, None]
        taste = np.zeros((len(w), v + 2))
        taste[:, :v] = c.taste[i]
        value = t.base[c.cell[i], kind] + taste[:, world.platform] - alpha * t.price
        value += t.home_bonus[c.home[i] + 1]
        tokens = (channel == API) | (channel == HOST)
        missing = np.maximum(0.0, c.log_need[w][:, None] - t.log_context)
        value -= tokens * t.cut_up[kind][:, None] * missing
        value -= t.switching[j0 + 1]
        host = channel == HOST
        lv = choices.log_volume[w].astype(float)
        lv = np.where(lv <= UNSET / 2, c.log_base[w] + t.log_growth[kind], lv)
        average = t.host_cost[host] / c.skill[i][:, None] + t.operations * np.exp(-lv)[:, None]
        term = price_term(average, t.box_cox, t.price_shift) - t.mean_price_term
        value[:, host] -= alpha * term
        value[:, world.none] = t.none_base[c.cell[i], kind] - t.none_slope[kind] * alpha[:, 0]
        return value
