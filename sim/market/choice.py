"""Client choice, compiled: who looks again, what it considers, what it takes.

Utilities are in outer (unscaled) units, see docs/explanation/economics.md; the draws are nested
extreme value by keyed Gumbel and one-sided-stable shocks, so that improving one offer moves clients
only into it.
"""

from __future__ import annotations

import numpy as np

from sim.market.columns import UNSET
from sim.market.compiled import inlined, kernel, step
from sim.market.elementary import exp, ln
from sim.market.noise import event_state, gumbel, nest_shock, uniform
from sim.market.population import FIXED_POINT
from sim.market.world import HOST, NONE


@inlined
def price_term(price, shift, box_cox):  # type: ignore[no-untyped-def]
    """Box-Cox term of a token price, as `sim.economics.prices.price_term`."""
    if box_cox == 1.0:
        return price + shift
    if box_cox == 0.0:
        return ln(price + shift)
    return (exp(box_cox * ln(price + shift)) - 1.0) / box_cox


@inlined
def switching(layout, terms, j, j0):  # type: ignore[no-untyped-def]
    """Utility lost by moving from offer j0 to offer j; nothing is lost from or to postponing."""
    if j0 < 0 or layout.channel[j0] == NONE:
        return 0.0
    cost = 0.0
    if layout.platform[j] != layout.platform[j0]:
        cost += terms.platform_cost[j]
    if layout.family[j] != layout.family[j0]:
        cost += terms.family_cost
    return cost


@step
def candidates(i, w, j0, clients, state, layout, terms, streams, scratch):  # type: ignore[no-untyped-def]
    """Offers that workload w of client i considers: fills the scratch arrays `found`, `value`
    (without the listed price) and `price` (its price term); returns how many."""
    seen, found = scratch.seen, scratch.found
    value, price = scratch.value, scratch.price
    cell, k, home = clients.cell[i], clients.kind[w], clients.home[i]
    n_v = layout.n_vendors
    who = event_state(streams.awareness, clients.client_id[i], np.uint64(0), 0)
    for v in range(n_v):
        seen[v] = v == home or uniform(who, layout.vendor_keys[v]) < terms.awareness[cell, v]
    n = 0
    if terms.hours_kind[k]:
        for v in range(n_v):
            j = layout.rent_start + v
            if terms.open[cell, j] and (seen[v] or j == j0):
                found[n] = j
                value[n] = (
                    terms.base[cell, k, j] + clients.taste[i, v] - switching(layout, terms, j, j0)
                )
                if v == home:
                    value[n] += terms.home_bonus[j]
                price[n] = terms.price[j]
                n += 1
        return n
    need = np.float64(clients.log_need[w])
    for j in range(layout.n_api):
        v = layout.platform[j]
        if terms.open[cell, j] and (seen[v] or j == j0):
            found[n] = j
            value[n] = (
                terms.base[cell, k, j]
                + clients.taste[i, v]
                - terms.cut_up[k] * max(0.0, need - terms.log_context[j])
                - switching(layout, terms, j, j0)
            )
            if v == home:
                value[n] += terms.home_bonus[j]
            price[n] = terms.price[j]
            n += 1
    if layout.n_hosted == 0:
        return n
    lv = np.float64(state.log_volume[w])
    if lv <= UNSET * 0.5:
        lv = np.float64(clients.log_base[w]) + terms.log_growth[k]
    fixed = terms.operations * exp(-lv)
    for h in range(layout.n_hosted):
        for where in range(2):
            v = home if where == 0 else n_v
            if v < 0 or (where == 1 and not clients.own_machines[i]):
                continue
            j = layout.host_start + h * (n_v + 1) + v
            if not terms.open[cell, j]:
                continue
            average = terms.host_cost[j] / np.float64(clients.skill[i]) + fixed
            term = price_term(average, terms.price_shift, terms.box_cox) - terms.mean_price_term
            found[n] = j
            value[n] = (
                terms.base[cell, k, j]
                - clients.alpha[i] * term
                - terms.cut_up[k] * max(0.0, need - terms.log_context[j])
                - switching(layout, terms, j, j0)
            )
            if where == 0:
                value[n] += clients.taste[i, v] + terms.home_bonus[j]
            price[n] = 0.0
            n += 1
    return n


@inlined
def postponing(i, k, clients, terms):  # type: ignore[no-untyped-def]
    """Utility of NONE."""
    return terms.none_base[clients.cell[i], k] - terms.none_slope[k] * clients.alpha[i]


@step
def choose(i, w, month, clients, state, layout, terms, streams, scratch):  # type: ignore[no-untyped-def]
    """Best offer, best offer on another platform, and the utility of the best."""
    j0 = state.current[w]
    found, value, price = scratch.found, scratch.value, scratch.price
    n = candidates(i, w, j0, clients, state, layout, terms, streams, scratch)
    event = event_state(streams.choice, clients.client_id[i], clients.work_key[w], month)
    nests = event_state(streams.nest, clients.client_id[i], clients.work_key[w], month)
    shocked = -1
    shock = 0.0
    best, top = layout.none, -np.inf
    keys, noise = scratch.keys, scratch.noise
    for a in range(n):
        keys[a] = layout.offer_keys[found[a]]
    for a in range(n):  # alone, so that it is compiled to vector instructions
        noise[a] = gumbel(event, keys[a])
    for a in range(n):
        j = found[a]
        c = layout.channel[j]
        rho = terms.rho[c]
        if c != shocked:
            shock = nest_shock(nests, layout.nest_keys[c], rho)
            shocked = c
        value[a] += -clients.alpha[i] * price[a] + (1.0 - rho) * noise[a] + shock
        if value[a] > top:
            best, top = j, value[a]
    none = postponing(i, clients.kind[w], clients, terms)
    none += gumbel(event, layout.offer_keys[layout.none])
    if none > top:
        best, top = layout.none, none
    second, after = layout.none, -np.inf
    if best != layout.none:
        after = none
    for a in range(n):
        if value[a] > after and layout.platform[found[a]] != layout.platform[best]:
            second, after = found[a], value[a]
    return best, second, top


@step
def due(i, w, month, clients, state, layout, terms, streams, everyone):  # type: ignore[no-untyped-def]
    """Whether a workload is looked at: new, without its offer, or its hazard strikes."""
    if clients.adopts_at[w] > terms.adopted[clients.kind[w]]:
        return False
    j0 = state.current[w]
    if everyone or j0 < 0 or not terms.open[clients.cell[i], j0]:
        return True
    hazard = terms.hazard[1 if clients.key_account[i] else 0, j0]
    event = event_state(streams.review, clients.client_id[i], clients.work_key[w], month)
    return uniform(event, np.uint32(1)) < hazard


@kernel
def review(month, everyone, clients, state, layout, terms, streams, tally, scratch):  # type: ignore[no-untyped-def]
    """Phase `review`: due workloads choose; `state` and `tally` are updated in place."""
    for i in range(clients.client_id.shape[0]):
        if terms.auctions and clients.key_account[i]:
            continue
        weight = np.int64(np.float64(clients.weight[i]) * FIXED_POINT + 0.5)
        for w in range(clients.first[i], clients.first[i + 1]):
            if not due(i, w, month, clients, state, layout, terms, streams, everyone):
                continue
            j0 = state.current[w]
            j, second, top = choose(i, w, month, clients, state, layout, terms, streams, scratch)
            state.current[w] = j
            state.second[w] = second
            if j == layout.none:
                state.log_volume[w] = UNSET
            tally.review[0] += weight
            k = clients.kind[w]
            if not terms.hours_kind[k]:
                utility = top + terms.welfare[clients.cell[i], k]
                surplus = utility / clients.alpha[i] - terms.mean_price_term
                tally.review[2] += weight
                tally.review[3] += np.int64(np.float64(clients.weight[i]) * surplus * FIXED_POINT)
            if j0 >= 0 and layout.platform[j0] != layout.platform[j]:
                tally.review[1] += weight
                tally.flow[layout.platform[j0], layout.platform[j]] += weight


@kernel
def use(clients, state, layout, terms, tally):  # type: ignore[no-untyped-def]
    """Volumes of all workloads (partial adjustment to target), added up in whole numbers."""
    platforms = layout.n_vendors + 2
    for i in range(clients.client_id.shape[0]):
        cell = clients.cell[i]
        weight = np.float64(clients.weight[i])
        whole = np.int64(weight * FIXED_POINT + 0.5)
        visited = np.int64(0)
        for w in range(clients.first[i], clients.first[i + 1]):
            j = state.current[w]
            if j < 0:
                continue
            tally.active[j] += whole
            if j == layout.none:
                continue
            k = clients.kind[w]
            ratio = terms.log_price_ratio[j]
            if layout.channel[j] == HOST:
                ratio -= ln(np.float64(clients.skill[i]))
            target = (
                np.float64(clients.log_base[w]) + terms.log_growth[k] - terms.elasticity[k] * ratio
            )
            lv = np.float64(state.log_volume[w])
            lv = target if lv <= UNSET * 0.5 else lv + terms.adjustment * (target - lv)
            state.log_volume[w] = lv
            volume = exp(np.float64(state.log_volume[w])) * weight
            amount = np.int64(volume * FIXED_POINT + 0.5)
            tally.volume[cell, k, j] += amount
            tally.pairs[j, max(state.second[w], 0)] += amount
            if layout.channel[j] == HOST:
                hours = volume * terms.unit_hours[j] / np.float64(clients.skill[i])
                tally.hours[j] += np.int64(hours * FIXED_POINT + 0.5)
            visited |= np.int64(1) << layout.platform[j]
        number = 0
        for v in range(platforms):
            if visited >> v & 1:
                tally.clients[v] += whole
                number += 1
        tally.homing[number] += whole


@kernel
def panel_values(members, owners, clients, state, layout, terms, streams, values, scratch):  # type: ignore[no-untyped-def]
    """Utilities without listed prices of panel workloads, (T, J); -inf where not considered."""
    found, value = scratch.found, scratch.value
    values[:] = -np.inf
    for t in range(members.shape[0]):
        w, i = members[t], owners[t]
        n = candidates(i, w, state.current[w], clients, state, layout, terms, streams, scratch)
        for a in range(n):
            values[t, found[a]] = value[a]
        values[t, layout.none] = postponing(i, clients.kind[w], clients, terms)
