"""Tables of a month, compiled: what is open, utilities without price, prices, review hazards."""

from __future__ import annotations

from sim.market.clients.consider import price_paid, price_term, rent_paid
from sim.market.world import NONE
from sim.numeric.compiled import step
from sim.numeric.elementary import ln, log2

ALWAYS, WHILE_OPEN = 1, 2  # what a rule of a segment lets its clients take; 0 is never


@step
def fill_open(rules, layout, state, terms):  # type: ignore[no-untyped-def]
    """(cells, J) offers that a client of the cell may take this month."""
    channel, family, is_open = layout.channel, layout.family, terms.open
    for j in range(len(channel)):
        f, rents = family[j], rules.rents[layout.platform[j]]
        opened = state.weights_open[f] if f >= 0 else True
        if j < layout.n_api:
            there = state.hosting[j]
        elif j < layout.rent_start:
            there = opened and rents
        else:
            there = rents or channel[j] == NONE
        for c in range(is_open.shape[0]):
            allowed = rules.eligible[c, j]
            is_open[c, j] = there and (allowed == ALWAYS or (allowed == WHILE_OPEN and opened))


@step
def fill_utilities(rules, layout, state, room, base):  # type: ignore[no-untyped-def]
    """(cells, K, J): constant + theta x lead + gamma x community + reliability + agents.

    `room.known` (R, F) is ln(1 + D / scale) of communities, `room.worth` (V, S) that of agents on
    each platform. Lead and community are 0 of offers without a family, agents count on model calls
    alone.
    """
    cells, kinds, offers = base.shape
    known, lead, near, relied = room.known, room.lead, room.near, room.relied
    family, platform, constant, agents = (
        layout.family,
        layout.platform,
        rules.constant,
        rules.agents,
    )
    for j in range(offers):
        f, v = family[j], platform[j]
        relied[j] = 0.0
        if v < layout.n_vendors:
            relied[j] = rules.reliability * (state.reliability[v] - 1.0)
        for k in range(kinds):
            lead[k, j] = 0.0
            if f >= 0:
                level = state.capability[f, k] + state.contribution[f]
                lead[k, j] = level - state.mean_capability[k]
    for c in range(cells):
        r, side = c % known.shape[0], rules.side[c]
        for j in range(offers):
            near[j] = rules.gamma[c] * known[r, family[j]] if family[j] >= 0 else 0.0
        for k in range(kinds):
            theta = rules.theta[c, k]
            for j in range(offers):
                base[c, k, j] = constant[c, j] + theta * lead[k, j] + near[j] + relied[j]
            for j in range(layout.n_api if len(agents) > 0 else 0):
                base[c, k, j] += agents[c, k, platform[j]] * room.worth[platform[j], side]


@step
def fill_progress(rules, month, state, terms):  # type: ignore[no-untyped-def]
    """What postponing is worth, and how far demand has grown, by kind of work.

    `welfare` (cells, K): theta x mean capability. `none_base` (cells, K): n0 - discount x welfare,
    discounted for token work alone. `none_slope` (K,), which multiplies alpha: outside x
    (b(reference) - b(mean price)), or the same of the market rent for accelerator-hours.
    """
    cells, kinds = terms.welfare.shape
    token_term = rules.reference - terms.mean_price_term
    hours_term = ln(rules.reference_rent / state.market_rent)
    for k in range(kinds):
        terms.none_slope[k] = rules.outside * (hours_term if rules.hours_kind[k] else token_term)
        terms.log_growth[k] = rules.growing[month, k] + state.log_shift[k]
        for c in range(cells):
            terms.welfare[c, k] = rules.theta[c, k] * state.mean_capability[k]
            terms.none_base[c, k] = rules.n0[k] - rules.discount[k] * terms.welfare[c, k]


@step
def fill_calls(rules, layout, state, terms):  # type: ignore[no-untyped-def]
    """Price terms of model calls, against the market's mean price, and log ratios to the reference;
    windows of all families."""
    shift, box_cox = rules.price_shift, rules.box_cox
    terms.mean_price_term = mean_term = price_term(state.mean_price, shift, box_cox)
    for j in range(layout.n_api):
        paid = price_paid(j, layout, state)
        terms.price[j] = price_term(paid, shift, box_cox) - mean_term
        terms.log_price_ratio[j] = ln(max(paid, rules.lowest_price) / rules.reference_price)
    for j in range(len(terms.log_context)):
        f = layout.family[j]
        terms.log_context[j] = log2(state.context[f]) if f >= 0 else 0.0


@step
def fill_hosting(rules, layout, state, hours, ease, terms):  # type: ignore[no-untyped-def]
    """Card-hours and yuan per million tokens of running a model oneself, at skill 1.

    `hours` are card-hours per million tokens of a family of serving cost 1; `ease` (F,) is what
    communities make of them. Own machines cost `own_rent` of the market's.
    """
    own_rent = state.market_rent * rules.own_rent
    for j in range(layout.host_start, layout.rent_start):
        v, f = layout.platform[j], layout.family[j]
        rent = rent_paid(v, layout, state) if v < layout.n_vendors else own_rent
        terms.unit_hours[j] = hours * state.serving_cost[f] * ease[f]
        terms.host_cost[j] = cost = terms.unit_hours[j] * (rent / rules.card_hours)
        terms.log_price_ratio[j] = ln(max(cost, rules.lowest_price) / rules.reference_price)
    for j in range(layout.rent_start, layout.none):
        rent = rent_paid(layout.platform[j], layout, state)
        terms.log_price_ratio[j] = ln(rent / rules.reference_rent)
        terms.price[j] = ln(rent / state.market_rent)


@step
def fill_hazard(rules, layout, state, hazard):  # type: ignore[no-untyped-def]
    """(2, J) review hazards: at least `triggered` where the price has risen by more than the share
    `price_rise`, or where the platform's reliability has fallen below the `level`."""
    usual, level, reliability = rules.hazard, rules.level, state.reliability
    for j in range(layout.none):
        v, last = layout.platform[j], state.last_price[j]
        fired = last > 0.0 and price_paid(j, layout, state) > last * (1.0 + rules.price_rise)
        if v < layout.n_vendors:
            fired |= reliability[v] < level and state.last_reliability[v] >= level
        fired &= rules.triggers
        for size in range(2):
            hazard[size, j] = max(usual[size, j], rules.triggered) if fired else usual[size, j]
    for size in range(2):
        hazard[size, layout.none] = usual[size, layout.none]
