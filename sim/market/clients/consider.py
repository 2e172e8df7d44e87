"""What clients pay, inside kernels."""

from __future__ import annotations

import numpy as np

from sim.market.clients.columns import PLATFORMS, UNSET
from sim.market.clients.noise import event_of, high32, low32
from sim.market.clients.packing import LANES
from sim.market.world import NONE
from sim.numeric.compiled import inlined, step
from sim.numeric.elementary import exp, exp32, ln


@inlined
def price_paid(j, layout, state):  # type: ignore[no-untyped-def]
    """Token price after discounts that freed money pays for, yuan per million tokens."""
    v = layout.platform[j]
    off = state.discount[v] if v < layout.n_vendors else 0.0
    return state.list_price[j] * (1.0 - off)


@inlined
def rent_paid(v, layout, state):  # type: ignore[no-untyped-def]
    """Rent of a card-month on a platform, yuan."""
    return state.market_rent * layout.rent_factor[v]


@inlined
def unit_price(j, card_hours, layout, state):  # type: ignore[no-untyped-def]
    """List price of a million tokens (API) or of a card-hour (HOST, RENT), yuan; 0 of own machines
    and of postponing."""
    if j < layout.n_api:
        return price_paid(j, layout, state)
    v = layout.platform[j]
    return rent_paid(v, layout, state) / card_hours if v < layout.n_vendors else 0.0


ONE = np.uint64(1)


@inlined
def price_term(price, shift, box_cox):  # type: ignore[no-untyped-def]
    """Box-Cox term of a token price, as `sim.economics.demand.price_term`."""
    if box_cox == 1.0:
        return price + shift
    if box_cox == 0.0:
        return ln(price + shift)
    return (exp(box_cox * ln(price + shift)) - 1.0) / box_cox


@inlined
def switching(j, j0, costs):  # type: ignore[no-untyped-def]
    """Utility lost by moving from offer j0 to offer j; nothing is lost from or to postponing."""
    channel, platform, family, platform_cost, family_cost = costs
    if j0 < 0 or channel[j0] == NONE:
        return 0.0
    cost = 0.0
    if platform[j] != platform[j0]:
        cost += platform_cost[j]
    if family[j] != family[j0]:
        cost += family_cost
    return cost


@inlined
def enter(e, j, value, event, names, entries):  # type: ignore[no-untyped-def]
    """Write down a considered offer and the 64 bits of its shock; returns the entry after it."""
    codes, offer_keys = names
    found, values, mixed, upper = entries
    found[e] = codes[j]
    values[e] = value
    mixed[e] = low32(event) ^ offer_keys[j]
    upper[e] = high32(event)
    return e + 1


@inlined
def value_calls(n, buyer, rows, row):  # type: ignore[no-untyped-def]
    """Utilities of n model calls without taste, written to `row`; n is a multiple of LANES.

    Short loops over few arrays, so that each is compiled to vector operations.
    """
    home, listed, cut_up, need, moves, platform, family, family_cost = buyer
    base, price, context, platforms, families, costs, bonus = rows
    for a in range(n):
        row[a] = base[a] - listed * price[a]
    if cut_up > 0.0:
        for a in range(n):
            row[a] -= cut_up * max(0.0, need - context[a])
    if moves:
        for a in range(n):
            row[a] -= costs[a] if platforms[a] != platform else 0.0
        for a in range(n):
            row[a] -= family_cost if families[a] != family else 0.0
    if home >= 0:
        for a in range(n):
            row[a] += bonus[a] if platforms[a] == home else 0.0


@inlined
def enter_calls(e, n, event, code0, calls, taste, seen, entries):  # type: ignore[no-untyped-def]
    """Model calls that are considered, from entry e on; returns the entry after them."""
    row, codes, keys = calls
    found, values, mixed, upper = entries
    low, high = low32(event), high32(event)
    x = np.uint64(e)
    for a in range(n):
        v = np.uint64(codes[a] & PLATFORMS)
        # written in any case, kept if considered: cheaper than a branch that nobody can foresee
        found[x] = codes[a]
        mixed[x] = low ^ keys[a]
        upper[x] = high
        values[x] = row[a] + taste[v]
        x += np.uint64(seen[v] | (codes[a] == code0))
    return np.int64(x)


@inlined
def consider_rent(e, event, buyer, offers, taste, seen, costs, names, entries):  # type: ignore[no-untyped-def]
    """Rented accelerators that are considered, from entry e on; returns the entry after them."""
    home, j0, listed = buyer
    rent_start, is_open, utility, prices, home_bonus = offers
    for v in range(seen.shape[0]):
        j = rent_start + v
        if is_open[j] and (seen[v] or j == j0):
            value = utility[j] + taste[v] - listed * prices[j] - switching(j, j0, costs)
            value += home_bonus[j] if v == home else 0.0
            e = enter(e, j, value, event, names, entries)
    return e


@inlined
def consider_hosting(e, event, buyer, offers, taste, costs, names, entries):  # type: ignore[no-untyped-def]
    """Open models that a client can run, at its home cloud or on its own machines, from entry e on;
    returns the entry after them."""
    home, own_machines, j0, alpha, skill, fixed, cut_up, need = buyer
    start, n_hosted, is_open, utility, home_bonus, log_context, host_cost, term_of = offers
    shift, box_cox, mean_term = term_of
    n_v = taste.shape[0]
    for h in range(n_hosted):
        for where in range(2):
            v = np.int64(home) if where == 0 else n_v
            j = start + h * (n_v + 1) + v
            if v < 0 or (where == 1 and not own_machines) or not is_open[j]:
                continue
            term = price_term(host_cost[j] / skill + fixed, shift, box_cox) - mean_term
            value = utility[j] - alpha * term - cut_up * max(0.0, need - log_context[j])
            value -= switching(j, j0, costs)
            if where == 0:
                value += taste[v] + home_bonus[j]
            e = enter(e, j, value, event, names, entries)
    return e


@step
def fix_costs(n, clients, state, terms, scratch):  # type: ignore[no-untyped-def]
    """Operations cost of running a model oneself, spread over the volume of each workload."""
    kind, log_base, log_volume = clients.kind, clients.log_base, state.log_volume
    log_growth, operations, work, fixed = (
        terms.log_growth,
        terms.operations,
        scratch.work,
        scratch.fixed,
    )
    for q in range(n):
        lv = np.float64(log_volume[work[q]])
        if lv <= UNSET * 0.5:
            lv = np.float64(log_base[work[q]]) + log_growth[kind[work[q]]]
        fixed[q] = -lv
    for q in range(n):
        fixed[q] = operations * exp32(fixed[q])


@step
def consider_block(n, month, listed, stream, clients, state, layout, terms, packed, scratch):  # type: ignore[no-untyped-def]
    """All that the block considers, utilities before shocks; returns how many entries.

    `listed` scales the price sensitivity to listed prices: 0 leaves them out. The last entry of
    each workload is NONE.
    """
    # fields are taken out once: every look into a tuple of many arrays has to be compiled
    alphas, cells, homes, kinds = clients.alpha, clients.cell, clients.home, clients.kind
    tastes, log_need, own_machines = clients.taste, clients.log_need, clients.own_machines
    skills, current, codes = clients.skill, state.current, layout.code
    platform, family, n_hosted = layout.platform, layout.family, layout.n_hosted
    rent_start, host_start, none = layout.rent_start, layout.host_start, layout.none
    costs = (layout.channel, platform, family, terms.platform_cost, terms.family_cost)
    names = (layout.code, layout.offer_keys)
    channel, family_cost = layout.channel, terms.family_cost
    is_open, utility, home_bonus, cut_ups = terms.open, terms.base, terms.home_bonus, terms.cut_up
    price, log_context, host_cost = terms.price, terms.log_context, terms.host_cost
    none_base, none_slope, hours_kind = terms.none_base, terms.none_slope, terms.hours_kind
    term_of = (terms.price_shift, terms.box_cox, terms.mean_price_term)
    count, aware_below, p_base, p_price = (
        packed.calls,
        packed.aware_below,
        packed.base,
        packed.price,
    )
    p_context, p_code, p_key, p_bonus = packed.context, packed.code, packed.key, packed.bonus
    p_platform, p_family, p_cost = packed.platform, packed.family, packed.cost
    work, owner, who, heard = scratch.work, scratch.owner, scratch.who, scratch.heard
    first, row, taste, seen = scratch.first, scratch.row, scratch.taste, scratch.seen
    fixed, entries = scratch.fixed, (scratch.found, scratch.value, scratch.mixed, scratch.upper)
    if n_hosted > 0:
        fix_costs(n, clients, state, terms, scratch)
    e = np.int64(0)  # of one kind everywhere: a literal would compile all that follows twice
    for q in range(n):
        i, w = owner[q], work[q]
        cell, k, home, j0 = cells[i], kinds[w], homes[i], np.int64(current[w])
        alpha, event = np.float64(alphas[i]), event_of(stream, who[q], month)
        need, cut_up, pays = np.float64(log_need[w]), cut_ups[k], listed * alpha
        first[q, 0] = e
        for v in range(taste.shape[0]):
            seen[v] = (np.uint64(heard[v, q]) < aware_below[cell, v]) | (v == home)
            taste[v] = tastes[i, v]
        if hours_kind[k]:
            offers = (rent_start, is_open[cell], utility[cell, k], price, home_bonus)
            buyer = (home, j0, pays)
            e = consider_rent(e, event, buyer, offers, taste, seen, costs, names, entries)
            first[q, 1] = e
        else:
            moves = j0 >= 0 and channel[j0] != NONE
            old = max(j0, 0)
            traits = (home, pays, cut_up, need, moves, platform[old], family[old], family_cost)
            rows = (
                p_base[cell, k],
                p_price[cell],
                p_context[cell],
                p_platform[cell],
                p_family[cell],
                p_cost[cell],
                p_bonus[cell],
            )
            n_calls = np.uint64(count[cell])
            value_calls((n_calls + LANES - ONE) // LANES * LANES, traits, rows, row)
            calls, code0 = (row, p_code[cell], p_key[cell]), codes[old] if j0 >= 0 else np.int32(-1)
            e = enter_calls(e, n_calls, event, code0, calls, taste, seen, entries)
            first[q, 1] = e
            if n_hosted > 0:
                host = (
                    home,
                    own_machines[i],
                    j0,
                    alpha,
                    np.float64(skills[i]),
                    np.float64(fixed[q]),
                    cut_up,
                    need,
                )
                hosting = (
                    host_start,
                    n_hosted,
                    is_open[cell],
                    utility[cell, k],
                    home_bonus,
                    log_context,
                    host_cost,
                    term_of,
                )
                e = consider_hosting(e, event, host, hosting, taste, costs, names, entries)
        first[q, 2] = e
        e = enter(e, none, none_base[cell, k] - none_slope[k] * alpha, event, names, entries)
    return e
