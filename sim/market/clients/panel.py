"""The panel of market research: a sample of workloads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.market.clients.population import Population
from sim.numeric.draws import event_numbers, stream_key
from sim.numeric.portable import exp

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """Token workloads, (T,)."""

    members: Ints  # workloads
    owners: Ints  # their clients
    weights: Floats  # volume at the reference price, of all that they stand for
    alpha: Floats
    kind: npt.NDArray[np.int16]


def draw_panel(
    population: Population, tokens: npt.NDArray[np.bool_], seed: np.random.SeedSequence, size: int
) -> Panel:
    """The workloads with the smallest keyed numbers: the same members in every order.

    `tokens` (K,) are the kinds of work that buy tokens.
    """
    members = np.flatnonzero(tokens[population.kind])
    key = np.uint64(stream_key(seed, "panel"))
    who = population.client_id[population.client[members]].astype(np.uint64)
    numbers = event_numbers(key, 0, who, population.work_key[members])
    order = np.lexsort((population.work_key[members], who, numbers))
    members = members[order[:size]].astype(np.int64)
    owners = population.client[members].astype(np.int64)
    weight = population.weight[owners].astype(np.float64)
    return Panel(
        members=members,
        owners=owners,
        weights=weight * exp(population.log_base[members].astype(np.float64)),
        alpha=population.alpha[owners].astype(np.float64),
        kind=population.kind[members],
    )
