"""What a workload compares at a review, and what each offer is worth to it before random terms."""

from __future__ import annotations

import numpy as np

from sim.economics.demand import box_cox_term
from sim.market.clients.columns import UNSET
from sim.numeric.arrays import Array, Cube, Matrix, Vector
from sim.numeric.draws import bits32, event_of, event_state, high32, low32, person
from sim.numeric.elementary import exp32
from sim.numeric.jit import inline, kernel
from sim.numeric.laws import law

term_of_price = law(box_cox_term)


@inline
def log_volume_of(log_volume: float, log_base: float, log_growth: float) -> float:
    """Log volume now, or as it would start."""
    if log_volume <= UNSET * 0.5:
        return log_base + log_growth
    return log_volume


@inline
def operations_per_unit(operations: float, log_volume: float) -> np.float32:
    """Operations cost of running a model oneself, spread over the volume, in single precision."""
    return np.float32(operations * exp32(np.float32(-log_volume)))


@kernel
def value_offers(
    month: int,
    listed: float,
    work: Vector[np.int64],
    choice_key: np.uint64,
    awareness_key: np.uint64,
    client_id: Vector[np.uint32],
    cell: Vector[np.int32],
    home: Vector[np.int16],
    own_machines: Vector[np.bool_],
    alpha: Vector[np.float32],
    skill: Vector[np.float32],
    taste: Matrix[np.float32],
    client: Vector[np.int32],
    kind: Vector[np.int16],
    work_key: Vector[np.uint64],
    log_base: Vector[np.float32],
    log_need: Vector[np.float32],
    current: Vector[np.int16],
    held_before: Vector[np.int16],
    log_volume: Vector[np.float32],
    first_work: Vector[np.int64],
    platform: Vector[np.int64],
    offer_keys: Vector[np.uint32],
    vendor_keys: Vector[np.uint32],
    n_api: int,
    rent_start: int,
    is_open: Matrix[np.bool_],
    base: Cube[np.float64],
    price: Vector[np.float64],
    home_bonus: Matrix[np.float64],
    line: Matrix[np.int64],
    cross: Matrix[np.float64],
    switching: Matrix[np.float64],
    cut_up: Vector[np.float64],
    log_context: Vector[np.float64],
    host_cost: Vector[np.float64],
    operations: float,
    none_base: Matrix[np.float64],
    none_slope: Vector[np.float64],
    hours_kind: Vector[np.bool_],
    log_growth: Vector[np.float64],
    box_cox: float,
    price_shift: float,
    mean_price_term: float,
    aware_below: Matrix[np.uint64],
) -> tuple[Array, Array, Array, Array, Array]:
    """Offers that n workloads consider, and their utilities before random terms.

    ``U = base - alpha b(p) - cut-up - switching + home + taste + cross``; `listed` multiplies
    listed prices, so that 0 leaves them out. `cross` (lines, sets of lines) is what the lines of
    business add in which the platform served other work of the client last month.

    Returns
    -------
    first
        (n, 3): entries of a workload lie together. Model calls or rent begin at `first[q, 0]`,
        hosting at `first[q, 1]`; postponing is at `first[q, 2]`, the last.
    offer, value, low, high
        (E,) by entry: column, utility, and both halves of the 64 bits that key the draw.
    """
    n_vendors, none, most = len(vendor_keys), len(platform) - 1, len(work) * len(platform) + 1
    first, offer = np.empty((len(work), 3), np.int64), np.empty(most, np.int32)
    value, low, high = np.empty(most), np.empty(most, np.uint32), np.empty(most, np.uint32)
    seen, row, e = np.empty(n_vendors, np.bool_), np.empty(n_api), np.uint64(0)
    lines, crosses = np.zeros(n_vendors + 2, np.int64), False
    for held in range(cross.shape[1]):
        for offered in range(cross.shape[0]):
            crosses |= cross[offered, held] > 0.0
    for q in range(len(work)):
        w = work[q]
        i, k, j0 = np.uint64(client[w]), np.uint64(kind[w]), np.int64(current[w])
        c, h = np.uint64(cell[i]), np.int64(home[i])
        sensitivity, need, cut = np.float64(alpha[i]), np.float64(log_need[w]), cut_up[k]
        pays = listed * sensitivity
        aware = event_state(awareness_key, client_id[i], np.uint64(0), 0)
        for v in range(n_vendors):
            seen[v] = (np.uint64(bits32(aware, vendor_keys[v])) < aware_below[c, v]) | (v == h)
        if crosses:
            lines[:] = 0
            for other in range(first_work[i], first_work[i + np.uint64(1)]):
                j = held_before[other]
                if other != w and j >= 0:
                    lines[platform[j]] |= 1 << line[kind[other], j]
        event = event_of(choice_key, person(client_id[i], work_key[w]), month)
        first[q, 0] = e
        if hours_kind[k]:
            for v in range(n_vendors):
                j = rent_start + v
                if is_open[c, j] and (seen[v] or j == j0):
                    liked = np.float64(taste[i, v]) + cross[line[k, j], lines[v]]
                    utility = base[c, k, j] + liked - pays * price[j]
                    utility = utility - switching[j0 + 1, j] + home_bonus[h + 1, j]
                    offer[e], value[e], low[e] = j, utility, low32(event) ^ offer_keys[j]
                    e += np.uint64(1)
            first[q, 1] = e
        else:
            for j in range(n_api):
                utility = base[c, k, j] - pays * price[j] - cut * max(0.0, need - log_context[j])
                row[j] = utility - switching[j0 + 1, j] + home_bonus[h + 1, j]
            for j in range(n_api):
                p = np.uint64(platform[j])
                # written in any case, kept if considered: no branch that cannot be foreseen
                offer[e], low[e] = j, low32(event) ^ offer_keys[j]
                value[e] = row[j] + (np.float64(taste[i, p]) + cross[line[k, j], lines[p]])
                e += np.uint64(is_open[c, j] & (seen[p] | (j == j0)))
            first[q, 1] = e
            volume = log_volume_of(
                np.float64(log_volume[w]), np.float64(log_base[w]), log_growth[k]
            )
            per_unit = np.float64(operations_per_unit(operations, volume))
            for start in range(n_api, rent_start, n_vendors + 1):
                for own in range(2):
                    at = n_vendors if own else int(h)
                    j = start + at
                    if at < 0 or (own and not own_machines[i]) or not is_open[c, j]:
                        continue
                    cost = host_cost[j] / np.float64(skill[i]) + per_unit
                    term = term_of_price(cost + price_shift, box_cox) - mean_price_term
                    utility = base[c, k, j] - sensitivity * term
                    utility -= cut * max(0.0, need - log_context[j])
                    utility -= switching[j0 + 1, j]
                    if not own:
                        liked = np.float64(taste[i, at]) + cross[line[k, j], lines[at]]
                        utility += liked + home_bonus[h + 1, j]
                    offer[e], value[e], low[e] = j, utility, low32(event) ^ offer_keys[j]
                    e += np.uint64(1)
        first[q, 2] = e
        utility = none_base[c, k] - none_slope[k] * sensitivity
        offer[e], value[e], low[e] = none, utility, low32(event) ^ offer_keys[none]
        e += np.uint64(1)
        for x in range(first[q, 0], e):
            high[x] = high32(event)
    return first, offer[:e], value[:e], low[:e], high[:e]
