"""Are the keyed draws as good as random? `python -m benchmarks.quality [--draws 100000000]`.

Uniformity of the bits, independence between draws with neighbouring keys, and the frequencies of
choices made with them, each as a z-score of a chi-square statistic: about standard normal.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
from numba import njit

from sim.numeric.draws import (
    bits32,
    event_of,
    gumbel_of,
    high32,
    keys32,
    low32,
    mix64,
    mixed32,
    name_key,
    person,
    shock_of,
    stream_key,
)

Array = np.ndarray[Any, Any]
DRAWS = 100_000_000
CELLS = 2**16
SIDE = 2**8  # of the table of two draws
MONTH = 24_300
VALUES = np.array([0.4, 0.0, -0.5, 0.2, -1.0])  # the last one is not to choose
RHO = 0.4
KIND, OTHER_KIND = (np.uint64(name_key("kind", name)) for name in ("chat", "agents"))
STRANGE = 4.5  # standard deviations: one in 150,000
PAIRS = ("clients", "months", "offers", "streams", "kinds", "bits of a key")


@njit
def one(pair: int, side: int, stream: Any, other: Any, n: int, client: int, keys: Any) -> Any:
    """32 bits of a draw (side 0) or of its neighbour (side 1)."""
    far = side == 1
    number = client + (1 if far and pair == 0 else 0)
    month = MONTH + (1 if far and pair == 1 else 0)
    key = keys[1] if far and pair == 2 else keys[0]
    luck = other if far and pair == 3 else stream
    kind = OTHER_KIND if far and pair == 4 else KIND
    if far and pair == 5:
        key = np.uint32(key ^ np.uint32(1 << (client & 31)))
    return bits32(event_of(luck, person(np.uint32(number), kind), month), np.uint32(key))


@njit
def tables(pair: int, stream: Any, other: Any, n: int, keys: Any) -> Any:
    """Counts of 16 high and 16 low bits of neighbours, and of the 8 high bits of both."""
    high, low = np.zeros(CELLS, np.int64), np.zeros(CELLS, np.int64)
    both = np.zeros(CELLS, np.int64)
    for client in range(n):
        # every second client, so that neighbours are not counted twice
        x = one(pair, 0, stream, other, n, 2 * client, keys)
        y = one(pair, 1, stream, other, n, 2 * client, keys)
        high[y >> np.uint32(16)] += 1
        low[y & np.uint32(CELLS - 1)] += 1
        both[(x >> np.uint32(24)) * np.uint32(SIDE) + (y >> np.uint32(24))] += 1
    return high, low, both


@njit
def choices(stream: Any, nests: Any, n: int, keys: Any, values: Any, rho: float) -> Any:
    """Counts of the offers with the highest utility; all but the last share a nest."""
    counts = np.zeros(values.shape[0], np.int64)
    last = values.shape[0] - 1
    s = np.float32(1.0 - rho)
    for client in range(n):
        who = mix64(np.uint64(client))
        event, nest = event_of(stream, who, MONTH), event_of(nests, who, MONTH)
        shock = shock_of(bits32(nest, keys[0]), bits32(nest, keys[1]), s)
        best, top = 0, -np.inf
        for j in range(values.shape[0]):
            e = gumbel_of(mixed32(np.uint32(low32(event) ^ keys[j]), high32(event)))
            value = values[j] + (e if j == last else (1.0 - rho) * e + shock)
            if value > top:
                best, top = j, value
        counts[best] += 1
    return counts


def score(counts: Array, expected: Array) -> float:
    """Chi-square as a z-score: (X^2 - f) / sqrt(2 f) with f degrees of freedom."""
    freedom = len(counts) - 1
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return (statistic - freedom) / float(np.sqrt(2.0 * freedom))


def nested_probabilities(values: Array, rho: float) -> Array:
    """Nested logit: one nest of all offers but the last."""
    inside = np.exp(values[:-1] / (1.0 - rho))
    nest = inside.sum() ** (1.0 - rho)
    out = np.exp(values[-1])
    return np.append(nest * inside / inside.sum(), out) / (nest + out)


def scores(draws: int, seed: int = 5) -> dict[str, float]:
    """z-scores by name."""
    root = np.random.SeedSequence(seed)
    stream, other, nests = (stream_key(root, name) for name in ("choice", "review", "nest"))
    keys = keys32([f"api/vendor_{i}/family" for i in range(len(VALUES))])
    out = {}
    for number, pair in enumerate(PAIRS):
        high, low, both = tables(number, stream, other, draws // len(PAIRS), keys)
        flat = np.full(CELLS, high.sum() / CELLS)
        out[f"neighbouring {pair}"] = score(both, flat)
        out[f"high bits, {pair}"] = score(high, flat)
        out[f"low bits, {pair}"] = score(low, flat)
    for rho in (0.0, RHO):
        counts = choices(stream, nests, draws // len(VALUES), keys, VALUES, rho)
        expected = nested_probabilities(VALUES, rho) * counts.sum()
        out[f"choices, rho {rho}"] = score(counts, expected)
    return out


def main() -> int:
    """Print the scores; 1 if one is strange."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    found = scores(parser.parse_args().draws)
    for name, z in found.items():
        print(f"{name:32s} {z:7.2f}")
    return int(max(abs(z) for z in found.values()) > STRANGE)


if __name__ == "__main__":
    sys.exit(main())
